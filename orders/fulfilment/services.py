"""The steps that staff take with a paid order: pack it, ship it, mark it as delivered. Each happens once."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from django.utils import timezone

from accounts.models import User
from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.db.status_transitions import transition
from ecommerce.core.errors import DomainError
from orders import emails
from orders.models import FULFILMENT_TRANSITIONS, Order

F = Order.Fulfilment
AUDIT_ACTIONS = {
    F.PACKED: "order.pack",
    F.SHIPPED: "order.ship",
    F.DELIVERED: "order.deliver",
    F.CANCELED: "order.cancel",
}
PRE_SHIPMENT_STEPS = (F.PACKED, F.SHIPPED)  # refused once the order is refunded in full


class StepRefused(DomainError):
    code, status_code = "step_refused", 409


def pack(order: Order, *, by: User) -> Order:
    """Mark the order as packed and return it as stored; a repeat changes nothing. Raises StepRefused."""
    return _take_step(order, F.PACKED, by)


def ship(order: Order, *, by: User, carrier: str, tracking_number: str, tracking_url: str = "") -> Order:
    """Mark the order as shipped, queue the customer's mail, and return the order as stored.

    A repeat changes nothing. Raises StepRefused, also for a repeat with another parcel.
    """
    parcel = {"carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url}
    return _take_step(order, F.SHIPPED, by, **parcel)


def deliver(order: Order, *, by: User) -> Order:
    """Mark the order as delivered and return it as stored; a repeat changes nothing. Raises StepRefused."""
    return _take_step(order, F.DELIVERED, by)


def correct_parcel(
    order: Order, *, by: User, carrier: str, tracking_number: str, tracking_url: str = ""
) -> Order:
    """Replace the parcel of a shipped order, queue another mail, and return the order as stored.

    A repeat changes nothing. Raises StepRefused if the order is not on its way.
    """
    parcel = {"carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url}
    run_tx(lambda: _replace_parcel(order, parcel, by))
    order = Order.objects.get(pk=order.pk)
    if order.fulfilment != F.SHIPPED:
        raise _parcel_refusal(order)
    return order


def may_take(order: Order, *, to: Order.Fulfilment) -> bool:
    """Return whether the order, as it was read, can take this step. The decision itself is in `move`."""
    refunded = order.refund_status == Order.RefundStatus.FULL and to in PRE_SHIPMENT_STEPS
    allowed = to in FULFILMENT_TRANSITIONS[order.fulfilment]
    return order.status == Order.Status.PAID and allowed and not refunded


def may_correct_parcel(order: Order) -> bool:
    """Return whether the order, as it was read, is on its way."""
    return order.fulfilment == F.SHIPPED


def move(order: Order, *, to: Order.Fulfilment, by: User, at: datetime, **parcel: str) -> bool:
    """Take the step if the stored order allows it, and write the audit entry. Call it inside `run_tx`.

    Returns True for the one caller that took the step.
    """
    before = Order.objects.values_list("fulfilment", flat=True).get(pk=order.pk)
    rows = Order.objects.filter(pk=order.pk, status=Order.Status.PAID)
    if to in PRE_SHIPMENT_STEPS:
        rows = rows.filter(refund_status__in=[Order.RefundStatus.NONE, Order.RefundStatus.PARTIAL])
    fields: dict[str, Any] = {f"{to}_at": at, **parcel}
    moved = transition(rows, to, FULFILMENT_TRANSITIONS, "fulfilment", **fields)
    if moved:
        audit.record(
            actor=by,
            action=AUDIT_ACTIONS[to],
            obj=order,
            before={"fulfilment": before},
            after={"fulfilment": to, **parcel},
        )
    return moved


def refusal(order: Order, *, to: Order.Fulfilment) -> StepRefused:
    """Return the error that explains why the order cannot take this step."""
    if order.status != Order.Status.PAID:
        return StepRefused(f"This order is {order.status}. Only a paid order can be {to}.")
    if order.fulfilment == to:
        return StepRefused("This order was already shipped with another parcel.")
    if order.fulfilment not in (F.UNFULFILLED, F.PACKED):
        return StepRefused(f"This order is already {order.fulfilment}.")
    if to == F.DELIVERED:
        return StepRefused("This order is not shipped yet.")
    return StepRefused(f"This order was refunded in full. It can no longer be {to}.")


def _take_step(order: Order, to: Order.Fulfilment, by: User, **parcel: str) -> Order:
    now = timezone.now()

    def change() -> None:
        if move(order, to=to, by=by, at=now, **parcel) and parcel:
            emails.queue_shipped(order, shipment=order.pk, **parcel)

    run_tx(change)
    order = Order.objects.get(pk=order.pk)
    stored_parcel = {name: getattr(order, name) for name in parcel}
    if order.fulfilment != to or stored_parcel != parcel:
        raise refusal(order, to=to)
    return order


def _replace_parcel(order: Order, parcel: dict[str, str], by: User) -> None:
    shipped = Order.objects.filter(pk=order.pk, fulfilment=F.SHIPPED)
    before = shipped.values(*parcel).first()
    if before is None or before == parcel:
        return
    if shipped.filter(**before).update(**parcel):
        audit.record(actor=by, action="order.correct_parcel", obj=order, before=before, after=parcel)
        emails.queue_shipped(order, shipment=ObjectId(), **parcel)


def _parcel_refusal(order: Order) -> StepRefused:
    if order.fulfilment == F.DELIVERED:
        return StepRefused("This order is already delivered.")
    return StepRefused("This order is not shipped yet.")
