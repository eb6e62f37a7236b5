"""What staff do with a paid order: pack it, ship it, note that it arrived. Each step happens once."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from django.utils import timezone

from accounts.models import User
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.db.status import transition
from ecommerce.core.errors import DomainError
from orders import emails
from orders.models import FULFILMENT_TRANSITIONS, Order
from orders.services import OrderNotFound

F = Order.Fulfilment
VERBS = {F.PACKED: "pack", F.SHIPPED: "ship", F.DELIVERED: "deliver", F.CANCELED: "cancel"}
LEAVES_THE_HOUSE = (F.PACKED, F.SHIPPED)  # pointless once all of the money goes back


class StepRefused(DomainError):
    code, status_code = "step_refused", 409


def find_order(order_id: object) -> Order:
    """Anybody's order, for staff."""
    order = Order.objects.filter(pk=object_id(order_id)).first()
    if order is None:
        raise OrderNotFound
    return order


def pack(*, order_id: str, by: User) -> Order:
    """Raises OrderNotFound, StepRefused. Repeated, it answers the same order and changes nothing."""
    return _take(find_order(order_id), F.PACKED, by)


def ship(*, order_id: str, by: User, carrier: str, tracking_number: str, tracking_url: str = "") -> Order:
    """The customer is told by mail. As `pack`; a repeat with another parcel is refused, too."""
    parcel = {"carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url}
    return _take(find_order(order_id), F.SHIPPED, by, **parcel)


def deliver(*, order_id: str, by: User) -> Order:
    """As `pack`."""
    return _take(find_order(order_id), F.DELIVERED, by)


def correct_parcel(
    *, order_id: str, by: User, carrier: str, tracking_number: str, tracking_url: str = ""
) -> Order:
    """Another parcel for an order that is shipped, and a mail that tells the customer of it.

    Raises OrderNotFound, StepRefused. Repeated, it answers the same order and changes nothing.
    """
    order = find_order(order_id)
    parcel = {"carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url}
    run_tx(lambda: _correct(order, parcel, by))
    order = find_order(order_id)
    if order.fulfilment != F.SHIPPED:
        raise correction_refusal(order)
    return order


def may_correct_parcel(order: Order) -> bool:
    return order.fulfilment == F.SHIPPED


def correction_refusal(order: Order) -> StepRefused:
    if order.fulfilment == F.DELIVERED:
        return StepRefused("This order is already delivered.")
    return StepRefused("This order is not shipped yet.")


def move(order: Order, to: Order.Fulfilment, *, by: User, at: datetime, **facts: str) -> bool:
    """Inside a transaction: move the order where it may; True for the one caller that did."""
    rows = Order.objects.filter(pk=order.pk, status=Order.Status.PAID)
    before = Order.objects.values_list("fulfilment", flat=True).get(pk=order.pk)
    if to in LEAVES_THE_HOUSE:
        rows = rows.filter(refund_status__in=[Order.RefundStatus.NONE, Order.RefundStatus.PARTIAL])
    changed: dict[str, Any] = {f"{to}_at": at, **facts}
    moved = transition(rows, to, FULFILMENT_TRANSITIONS, "fulfilment", **changed)
    if moved:
        action, after = f"order.{VERBS[to]}", {"fulfilment": to, **facts}
        audit.record(actor=by, action=action, obj=order, before={"fulfilment": before}, after=after)
    return moved


def may_take(order: Order, to: Order.Fulfilment) -> bool:
    """Whether the order, as it stands, can take this step; `move` decides it."""
    refunded = order.refund_status == Order.RefundStatus.FULL and to in LEAVES_THE_HOUSE
    allowed = to in FULFILMENT_TRANSITIONS[order.fulfilment]
    return order.status == Order.Status.PAID and allowed and not refunded


def refusal(order: Order, to: Order.Fulfilment) -> StepRefused:
    """Why this order, as it stands, cannot take this step."""
    if order.status != Order.Status.PAID:
        return StepRefused(f"This order is {order.status}. Only a paid order can be {to}.")
    if order.fulfilment == to:
        return StepRefused("This order was already shipped with another parcel.")
    if order.fulfilment not in (F.UNFULFILLED, F.PACKED):
        return StepRefused(f"This order is already {order.fulfilment}.")
    if to == F.DELIVERED:
        return StepRefused("This order is not shipped yet.")
    return StepRefused(f"This order was refunded in full. It can no longer be {to}.")


def _correct(order: Order, parcel: dict[str, str], by: User) -> None:
    shipped = Order.objects.filter(pk=order.pk, fulfilment=F.SHIPPED)
    before = shipped.values(*parcel).first()
    if before in (None, parcel) or not shipped.filter(**before).update(**parcel):
        return
    audit.record(actor=by, action="order.correct_parcel", obj=order, before=before, after=parcel)
    emails.queue_shipped(order, shipment=ObjectId(), **parcel)


def _take(order: Order, to: Order.Fulfilment, by: User, **parcel: str) -> Order:
    now = timezone.now()

    def change() -> None:
        if move(order, to, by=by, at=now, **parcel) and parcel:
            emails.queue_shipped(order, shipment=order.pk, **parcel)

    run_tx(change)
    order = Order.objects.get(pk=order.pk)
    stands = {name: getattr(order, name) for name in parcel}
    if order.fulfilment != to or stands != parcel:
        raise refusal(order, to)
    return order
