"""Bring a payment up to date with its provider. Nothing here may run inside a transaction."""

from datetime import timedelta

from django.utils import timezone

from orders.models import Order
from payments.gateways import gateway
from payments.gateways.base import GatewayRefused, ProviderState, State
from payments.models import TAKEN, Payment
from payments.settlement import settle

ASK_AGAIN_AFTER = timedelta(seconds=4)  # the return page reloads every five


def open_payment(order: Order) -> Payment | None:
    """Return the order's open payment, if there is one. `order` may be stale: its payment is read again."""
    pk = Order.objects.values_list("payment", flat=True).get(pk=order.pk)
    if pk is None:
        return None
    return Payment.objects.filter(pk=pk, status=Payment.Status.INITIATED).first()


def ensure_started(payment: Payment) -> Payment:
    """Create the payment's session at the provider unless it exists, and return the payment as stored.

    Raise GatewayUnavailable, or GatewayRefused, after which the payment has failed.
    """
    if payment.reference or payment.status != Payment.Status.INITIATED:
        return payment
    try:
        started = gateway(payment.gateway).start(payment)
    except GatewayRefused:
        settle(payment, state=ProviderState(State.REFUSED))
        raise
    Payment.objects.filter(pk=payment.pk).update(
        reference=started.reference, redirect_url=started.redirect_url
    )
    return Payment.objects.get(pk=payment.pk)


def refresh(payment: Payment) -> Payment:
    """Settle the payment with its current state at the provider, and return it as stored.

    If its order is final, the payment is closed first, so that it takes no more money. Raise
    GatewayUnavailable or GatewayRefused.
    """
    payment = ensure_started(payment)
    if payment.status in TAKEN or not payment.reference:
        return payment
    provider = gateway(payment.gateway)
    order = Order.objects.get(pk=payment.order_id)
    state = provider.close(payment) if order.is_final else provider.retrieve(payment)
    return settle(payment, state=state)


def refresh_if_due(payment: Payment) -> Payment:
    """Refresh the payment unless the provider was asked about it moments ago; of many callers one asks."""
    return refresh(payment) if _may_ask(payment) else payment


def _may_ask(payment: Payment) -> bool:
    now, never_asked = timezone.now(), payment.checked_at == payment.created_at
    if not never_asked and now - payment.checked_at < ASK_AGAIN_AFTER:
        return False
    unchanged = Payment.objects.filter(pk=payment.pk, checked_at=payment.checked_at)
    return unchanged.update(checked_at=now) == 1


def close(payment: Payment) -> Payment:
    """Close an open payment, unless the customer has paid it, and return it as stored.

    The hold on its stock is released only after the provider has closed the session. While the provider does
    not answer, the stock stays on hold: if it were released first, a customer could pay for stock that is
    already sold. Raise GatewayUnavailable or GatewayRefused.
    """
    payment = ensure_started(payment)
    if payment.status != Payment.Status.INITIATED:
        return payment
    return settle(payment, state=gateway(payment.gateway).close(payment))
