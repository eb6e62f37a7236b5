"""The timeline of an order as its customer sees it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import F, Order

NEXT_STEPS = {F.UNFULFILLED: _("We are packing your order"), F.PACKED: _("Waiting for the carrier")}


@dataclass(frozen=True)
class Step:
    """A step with its time, or one that the order is waiting for."""

    name: str | Promise
    at: datetime | None = None
    state: str = "done"  # or "failed", or "" for a step that is still to come
    parcel: bool = False  # whether the page shows the carrier beside it


def steps(order: Order) -> list[Step]:
    """Return the steps that were taken, and last the one that the order is waiting for, if any."""
    placed = Step(_("Order placed"), order.created_at)
    unpaid = {
        Order.Status.PENDING: Step(_("Waiting for payment"), state=""),
        Order.Status.FAILED: Step(_("Payment failed"), state="failed"),
        Order.Status.CANCELED: Step(_("Canceled"), order.canceled_at, "failed"),
    }
    if order.status != Order.Status.PAID:
        return [placed, unpaid[Order.Status(order.status)]]
    return [placed, Step(_("Payment received"), order.paid_at), *_fulfilment_steps(order)]


def _fulfilment_steps(order: Order) -> list[Step]:
    possible = [
        Step(_("Packed"), order.packed_at),
        Step(_("Shipped"), order.shipped_at, parcel=True),
        Step(_("Delivered"), order.delivered_at),
        Step(_("Canceled"), order.canceled_at, "failed"),
    ]
    taken = [step for step in possible if step.at]
    refunded = order.refund_status == Order.RefundStatus.FULL
    if order.fulfilment in NEXT_STEPS and not refunded:
        taken.append(Step(NEXT_STEPS[F(order.fulfilment)], state=""))
    return taken
