"""Ask a payment's provider how it stands, and settle what it says. Never inside a transaction."""

from orders.models import Order
from payments.gateways import gateway
from payments.gateways.base import GatewayRefused, ProviderState, State
from payments.models import TAKEN, Payment
from payments.settlement import settle


def open_payment(order: Order) -> Payment | None:
    """The order's open payment, read afresh: others may have changed the order at hand."""
    pk = Order.objects.values_list("payment", flat=True).get(pk=order.pk)
    return Payment.objects.filter(pk=pk, status=Payment.Status.INITIATED).first() if pk else None


def refresh(payment: Payment) -> Payment:
    """Settle what the provider says now; a final order's payment is to take no more money."""
    payment = at_provider(payment)
    if payment.status in TAKEN or not payment.reference:
        return payment
    ask = gateway(payment.gateway)
    final = Order.objects.get(pk=payment.order_id).is_final
    return settle(payment.pk, ask.close(payment) if final else ask.retrieve(payment))


def close(payment: Payment) -> Payment:
    """End an open payment, or find out that it was paid.

    The hold is released only after the provider has said that the session can take no more money. Where it
    does not answer the stock stays held: releasing first would sell it twice, or charge for what is gone.
    """
    payment = at_provider(payment)
    if payment.status != Payment.Status.INITIATED:
        return payment
    return settle(payment.pk, gateway(payment.gateway).close(payment))


def at_provider(payment: Payment) -> Payment:
    """The payment with the provider's reference: where its answer was lost it is asked for again."""
    if payment.reference or payment.status != Payment.Status.INITIATED:
        return payment
    try:
        started = gateway(payment.gateway).start(payment)
    except GatewayRefused:
        settle(payment.pk, ProviderState(State.REFUSED))
        raise
    Payment.objects.filter(pk=payment.pk).update(
        reference=started.reference, redirect_url=started.redirect_url
    )
    return Payment.objects.get(pk=payment.pk)
