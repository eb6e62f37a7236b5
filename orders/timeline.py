"""An order's way as its customer sees it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import F, Order

WAITS = {F.UNFULFILLED: _("We are packing your order"), F.PACKED: _("Waiting for the carrier")}


@dataclass(frozen=True)
class Step:
    name: str | Promise
    at: datetime | None = None
    state: str = "done"  # or "failed", or "" for what is still to come
    parcel: bool = False  # it tells of the carrier


def steps(order: Order) -> list[Step]:
    """What happened, and last where it stands."""
    placed = Step(_("Order placed"), order.created_at)
    ends = {
        Order.Status.PENDING: Step(_("Waiting for payment"), state=""),
        Order.Status.FAILED: Step(_("Payment failed"), state="failed"),
        Order.Status.CANCELED: Step(_("Canceled"), order.canceled_at, "failed"),
    }
    if order.status != Order.Status.PAID:
        return [placed, ends[Order.Status(order.status)]]
    return [placed, Step(_("Payment received"), order.paid_at), *_goods(order)]


def _goods(order: Order) -> list[Step]:
    taken = [
        Step(_("Packed"), order.packed_at),
        Step(_("Shipped"), order.shipped_at, parcel=True),
        Step(_("Delivered"), order.delivered_at),
        Step(_("Canceled"), order.canceled_at, "failed"),
    ]
    happened = [step for step in taken if step.at]
    refunded = order.refund_status == Order.RefundStatus.FULL
    if order.fulfilment in WAITS and not refunded:
        happened.append(Step(WAITS[F(order.fulfilment)], state=""))
    return happened
