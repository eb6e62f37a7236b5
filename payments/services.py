"""Use cases of payments beside starting one: look at it, confirm a simulated one, cancel the order."""

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import gettext_noop

from catalog import stock
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.errors import DomainError
from orders.models import Order, Viewer
from orders.services import change_status, get_order
from payments.gateways import GATEWAYS, gateway
from payments.gateways.base import GatewayRefused, GatewayUnavailable, ProviderState, State
from payments.models import Payment
from payments.provider_sync import close, open_payment
from payments.sale_lines import lines_of
from payments.settlement import settle
from payments.start import OrderIsFinal, configured

OUTCOMES = ("success", "failure", "canceled")


class SettledByGateway(DomainError):
    message = gettext_noop("Payments are settled by the gateway")
    code, status_code = "settled_by_gateway", 409


class PaymentNotFound(DomainError):
    message, code, status_code = "Payment not found", "payment_not_found", 404


def get_payment(*, user: Viewer, payment_id: str) -> Payment:
    """A payment of the customer's own order; any other is PaymentNotFound."""
    payment = Payment.objects.filter(pk=object_id(payment_id)).first()
    if payment is None or not Order.objects.of(user).filter(pk=payment.order_id).exists():
        raise PaymentNotFound
    return payment


def latest_payment(order: Order) -> Payment | None:
    return Payment.objects.filter(order=order.pk).order_by("-created_at").first()


def is_real(provider: str) -> bool:
    """Whether a provider takes the money, rather than the test page of the shop itself."""
    return provider in GATEWAYS and gateway(provider).holds_stock


def confirm(*, user: Viewer, order_id: str, outcome: str) -> Order:
    """Settle the customer's pending order and return it as stored; a final order comes back unchanged.

    Of several calls at once exactly one changes the order, and all are told the stored status.
    `outcome` is one of OUTCOMES; a real gateway leaves only `canceled` to the customer. Raises
    InsufficientStock for the call that found the stock short and made the order failed.
    """
    if configured() != "simulated" and outcome != "canceled":
        raise SettledByGateway
    order = get_order(user=user, order_id=order_id)
    if order.is_final:
        return order
    if outcome == "success":
        _pay_or_fail(order)
    elif outcome == "failure":
        _move(order, Order.Status.FAILED, failure_reason=gettext_noop("The payment was declined."))
        _end_open(order, State.REFUSED)
    else:
        cancel(order, by=user)
    return get_order(user=user, order_id=order_id)


def cancel_order(*, user: Viewer, order_id: str) -> Order:
    """Cancel the customer's unpaid order. Raises OrderIsFinal where it ended otherwise."""
    order = get_order(user=user, order_id=order_id)
    if not order.is_final:
        cancel(order, by=user)
        order = get_order(user=user, order_id=order_id)
    if order.status != Order.Status.CANCELED:
        raise OrderIsFinal(order.status)
    return order


def cancel(order: Order, *, by: Viewer) -> None:
    """Cancel the order unless it is final or turns out to be paid.

    An open payment is closed first, so that nobody pays for a canceled order. Where the provider does not
    answer, the reconciler does it later, and what was paid meanwhile is due back.
    """
    try:
        if (payment := open_payment(order)) is not None:
            close(payment)
    except (GatewayUnavailable, GatewayRefused):
        pass
    _move(order, Order.Status.CANCELED, by=by)


def _pay_or_fail(order: Order) -> None:
    try:
        run_tx(lambda: _pay(order))
    except stock.InsufficientStock as short:
        failed = _move(order, Order.Status.FAILED, failure_reason=short.message)
        _end_open(order, State.REFUSED)
        if failed:
            raise


def _pay(order: Order) -> None:
    """Inside a transaction: the order is paid and every line's stock taken, or neither."""
    if _move(order, Order.Status.PAID):
        stock.sell(lines_of(order), order=order.pk)
        _take_simulated_money(order)


def _take_simulated_money(order: Order) -> None:
    """The payment that was started, or one made on the spot: every paid order has one."""
    taken = {
        "status": Payment.Status.CAPTURED,
        "received": order.total,
        "received_currency": order.currency,
        "paid_order": True,
    }
    if (payment := open_payment(order)) is not None and payment.gateway == "simulated":
        Payment.objects.filter(pk=payment.pk).update(**taken)
        return
    made = Payment.objects.create(
        pk=ObjectId(),
        order=order,
        gateway="simulated",
        amount=order.total,
        currency=order.currency,
        expires_at=timezone.now(),
        **taken,
    )
    Order.objects.filter(pk=order.pk).update(payment=made.pk)


def _end_open(order: Order, state: State) -> None:
    payment = open_payment(order)
    if payment is not None and payment.gateway == "simulated":
        settle(payment.pk, ProviderState(state))


def _move(order: Order, status: Order.Status, *, by: Viewer | None = None, **fields: str) -> bool:
    return change_status(order, to=status, by=by, **fields)
