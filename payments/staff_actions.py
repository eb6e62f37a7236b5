"""What staff do with an order where money is in it: cancel and refund."""

from decimal import Decimal
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import User
from ecommerce.core.db import run_tx
from orders.fulfilment import services as fulfilment
from orders.fulfilment.services import StepRefused
from orders.models import Order
from orders.services import find_order
from payments import refunds, services

CANCELED = gettext_noop("The order was canceled.")


def cancel_order(*, order_id: str, by: User) -> Order:
    """An unpaid order ends. Of a paid one that has not left the house everything goes back: money and goods.

    Repeated, it answers the same order and changes nothing. Raises OrderNotFound, StepRefused.
    """
    order = find_order(order_id)
    if not order.is_final:
        services.cancel(order, by=by)  # or it turns out to be paid
        order = find_order(order_id)
    if order.status == Order.Status.PAID:
        return _cancel_paid(order, by)
    if order.status != Order.Status.CANCELED:
        raise StepRefused(f"This order is {order.status}. There is nothing to cancel.")
    return order


def refund_order(
    *,
    order_id: str,
    by: User,
    key: str | None = None,
    amount: Decimal | None = None,
    reason: str = "",
    restock: bool = False,
) -> Order:
    """The order with what is refunded now; the outbox sends it. See `refunds.refund_order`.

    `key` is one refund of this member of staff; without one every call is another.
    """
    order = find_order(order_id)
    key = f"{by.pk}:{key or uuid4().hex}"
    refunds.refund_order(order=order, key=key, by=by, amount=amount, reason=reason, restock=restock)
    return find_order(order_id)


def _cancel_paid(order: Order, by: User) -> Order:
    now, to = timezone.now(), Order.Fulfilment.CANCELED

    def change() -> None:
        if fulfilment.move(order, to=to, by=by, at=now):
            refunds.refund_rest(order.pk, key=f"cancel:{order.pk}", by=by, reason=CANCELED)

    run_tx(change)
    order = Order.objects.get(pk=order.pk)
    if order.fulfilment != to:
        raise fulfilment.refusal(order, to=to)
    return order
