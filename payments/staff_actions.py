"""Cancel and refund orders, for staff."""

from decimal import Decimal
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import User
from ecommerce.core.db import run_tx
from orders.fulfilment import services as fulfilment
from orders.fulfilment.services import StepRefused
from orders.models import Order
from payments import refunds, services

CANCELED = gettext_noop("The order was canceled.")


def cancel_order(order: Order, *, by: User) -> Order:
    """Cancel an order that has not been shipped, and return it as stored.

    A paid order stays paid: its fulfilment becomes canceled, what is left of the money is refunded and its
    items go back into stock. A repeat changes nothing. Raise StepRefused if the order is shipped or failed.
    """
    order = services.cancel_if_unpaid(order, by=by)
    if order.status == Order.Status.PAID:
        return _cancel_paid(order, by)
    if order.status != Order.Status.CANCELED:
        raise StepRefused(f"This order is {order.status}. There is nothing to cancel.")
    return order


def _cancel_paid(order: Order, by: User) -> Order:
    canceled = Order.Fulfilment.CANCELED
    now = timezone.now()

    def change() -> None:
        if fulfilment.move(order, to=canceled, by=by, at=now):
            refunds.refund_rest(order, key=f"cancel:{order.pk}", by=by, reason=CANCELED)

    run_tx(change)
    current = Order.objects.get(pk=order.pk)
    if current.fulfilment != canceled:
        raise fulfilment.refusal(current, to=canceled)
    return current


def refund_order(
    order: Order,
    *,
    by: User,
    key: str | None = None,
    amount: Decimal | None = None,
    reason: str = "",
    restock: bool = False,
) -> Order:
    """Record a refund and return the order as stored; see `refunds.refund_order`, also for the errors.

    A key identifies one refund by this staff member. Without a key, every call is another refund.
    """
    key = f"{by.pk}:{key or uuid4().hex}"
    refunds.refund_order(order, key=key, by=by, amount=amount, reason=reason, restock=restock)
    return Order.objects.get(pk=order.pk)
