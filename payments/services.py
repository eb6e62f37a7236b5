"""Use cases of payments other than starting one: look one up, confirm a simulated one, cancel an order."""

from contextlib import suppress
from typing import Any

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import gettext_noop

from catalog import stock
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.errors import DomainError
from orders.models import Order, Viewer
from orders.services import change_status
from payments.gateways import GATEWAYS, gateway
from payments.gateways.base import GatewayRefused, GatewayUnavailable, ProviderState, State
from payments.models import Payment
from payments.provider_sync import close, open_payment
from payments.sale_lines import sale_lines
from payments.settlement import settle
from payments.start import OrderIsFinal, selected_provider

OUTCOMES = ("success", "failure", "canceled")


class SettledByGateway(DomainError):
    message = gettext_noop("Payments are settled by the gateway")
    code, status_code = "settled_by_gateway", 409


class PaymentNotFound(DomainError):
    message, code, status_code = "Payment not found", "payment_not_found", 404


def get_payment(*, user: Viewer, payment_id: str) -> Payment:
    """Return a payment of one of the customer's own orders. Raise PaymentNotFound for any other id."""
    payment = Payment.objects.filter(pk=object_id(payment_id)).first()
    if payment is None or not Order.objects.of(user).filter(pk=payment.order_id).exists():
        raise PaymentNotFound
    return payment


def latest_payment(order: Order) -> Payment | None:
    """Return the order's newest payment, or None if there is none."""
    return Payment.objects.filter(order=order.pk).order_by("-created_at").first()


def has_hosted_page(provider: str) -> bool:
    """Return whether customers pay on the provider's own page, and not on the shop's test page."""
    return provider in GATEWAYS and gateway(provider).holds_stock


def confirm(order: Order, *, outcome: str, by: Viewer) -> Order:
    """Settle a pending order with one of OUTCOMES and return it as stored.

    A final order is returned unchanged. Of several concurrent calls exactly one changes the order, and all
    return the stored status. With a real gateway, `canceled` is the only possible outcome.

    Raise PaymentsDisabled or SettledByGateway. Raise InsufficientStock in the call that made the order failed
    because it found too little stock.
    """
    if selected_provider() != "simulated" and outcome != "canceled":
        raise SettledByGateway
    if order.is_final:
        return order
    if outcome == "success":
        _pay_or_fail(order)
    elif outcome == "failure":
        _fail(order, gettext_noop("The payment was declined."))
    else:
        return cancel_if_unpaid(order, by=by)
    return Order.objects.get(pk=order.pk)


def cancel(order: Order, *, by: Viewer) -> Order:
    """Cancel an unpaid order and return it as stored. Raise OrderIsFinal if it is paid or failed."""
    order = cancel_if_unpaid(order, by=by)
    if order.status != Order.Status.CANCELED:
        raise OrderIsFinal(order.status)
    return order


def cancel_if_unpaid(order: Order, *, by: Viewer) -> Order:
    """Cancel the order unless it is final or turns out to be paid, and return it as stored.

    An open payment is closed first, so that the customer cannot pay for a canceled order. If the provider
    does not answer, the reconciler closes it later and refunds what was paid in the meantime.
    """
    if order.is_final:
        return order
    payment = open_payment(order)
    if payment is not None:
        with suppress(GatewayUnavailable, GatewayRefused):
            close(payment)
    change_status(order, to=Order.Status.CANCELED, by=by)
    return Order.objects.get(pk=order.pk)


def _pay_or_fail(order: Order) -> None:
    try:
        run_tx(lambda: _pay(order))
    except stock.InsufficientStock as error:
        if _fail(order, error.message):
            raise


def _pay(order: Order) -> None:
    """Inside a transaction, make the order paid and sell its items, or do neither."""
    if change_status(order, to=Order.Status.PAID):
        stock.sell(sale_lines(order), order=order.pk)
        _capture_simulated_payment(order)


def _capture_simulated_payment(order: Order) -> None:
    """Capture the order's open payment, or create a captured one: every paid order has a payment."""
    captured = {
        "status": Payment.Status.CAPTURED,
        "received": order.total,
        "received_currency": order.currency,
        "paid_order": True,
    }
    if _capture(order.payment, captured):  # an open payment is always that of its order
        return
    current = Order.objects.values_list("payment", flat=True).get(pk=order.pk)
    if current != order.payment and _capture(current, captured):
        return
    created = Payment.objects.create(
        pk=ObjectId(),
        order=order,
        gateway="simulated",
        amount=order.total,
        currency=order.currency,
        expires_at=timezone.now(),
        **captured,
    )
    Order.objects.filter(pk=order.pk).update(payment=created.pk)


def _capture(pk: ObjectId | None, captured: dict[str, Any]) -> bool:
    is_open = Payment.objects.filter(pk=pk, status=Payment.Status.INITIATED, gateway="simulated")
    return pk is not None and is_open.update(**captured) == 1


def _fail(order: Order, reason: str) -> bool:
    """Make the order and its simulated payment failed; return whether this call changed the order."""
    changed = change_status(order, to=Order.Status.FAILED, failure_reason=reason)
    payment = open_payment(order)
    if payment is not None and payment.gateway == "simulated":
        settle(payment, state=ProviderState(State.REFUSED))
    return changed
