"""The invariants of orders, of their stock and of the mails about them, checked by `manage.py fsck`."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bson import ObjectId
from django.utils import timezone

from catalog.models import Product, StockMovement
from ecommerce.core.models import AuditEntry, OutboxMessage
from ecommerce.core.outbox.retention import oldest_kept
from ecommerce.core.text.money import line_total
from orders.models import F, Order, subtotal_of

Units = Counter[str]  # by the product's ObjectId as text
Reason = StockMovement.Reason
RefundStatus = Order.RefundStatus
STEP_TIMES = {
    "order.pack": "packed_at",
    "order.ship": "shipped_at",
    "order.deliver": "delivered_at",
    "order.cancel": "canceled_at",
}


@dataclass
class Facts:
    """Everything beside the orders themselves that the invariants compare, loaded once."""

    products: set[str]  # that still exist, by ObjectId
    sold: dict[ObjectId, Units]  # by order, also of orders that do not exist
    restocked: dict[ObjectId, Units]  # by order
    steps: "Counter[tuple[str, str]]"  # audit entries by order and action
    announced_parcels: set[str]  # orders with a mail that they are shipped
    numbers: dict[ObjectId, str]  # of all orders

    @classmethod
    def load(cls) -> "Facts":
        return cls(
            products={str(pk) for pk in Product.objects.values_list("pk", flat=True)},
            sold=_moved_units(Reason.SALE, sign=-1),
            restocked=_moved_units(Reason.RESTOCK, sign=1),
            steps=_audited_steps(),
            announced_parcels=_orders_with_mail("order_shipped"),
            numbers=dict(Order.objects.values_list("pk", "number")),
        )


def violations() -> Iterator[str]:
    """Yield a line for each violation."""
    facts = Facts.load()
    for order in Order.objects.order_by().iterator():
        for check in (_amounts, _status, _sale):
            yield from (f"order {order.number} ({order.status}): {fault}" for fault in check(order, facts))
        for check in (_fulfilment, _refund, _restock, _audit_log, _parcel_mail):
            yield from (
                f"order {order.number} ({order.fulfilment}): {fault}" for fault in check(order, facts)
            )
    yield from _duplicate_numbers(facts)
    yield from _sales_without_order(facts)
    yield from _confirmation_mails()


def _amounts(order: Order, facts: Facts) -> Iterator[str]:
    """Check that the amounts add up and none is negative."""
    for item in order.items:
        if item.line_total != line_total(item.unit_price, item.qty):
            yield f"line {item.name} does not add up"
    if order.subtotal != subtotal_of(order.items):
        yield f"subtotal {order.subtotal} is not the sum of its lines"
    if order.total != order.subtotal - order.discount + order.shipping + order.tax:
        yield f"total {order.total} is not the sum of its parts"
    if order.discount > order.subtotal:
        yield f"discount {order.discount} is more than the subtotal"
    if min(order.subtotal, order.discount, order.shipping, order.tax, order.total) < 0:
        yield "an amount is negative"


def _status(order: Order, facts: Facts) -> Iterator[str]:
    """Check that the status is known."""
    if order.status not in Order.Status.values:
        yield f"unknown status {order.status}"


def _sale(order: Order, facts: Facts) -> Iterator[str]:
    """Check that each line of a paid order took its stock once, and that no other order took any."""
    owed = Units(order.quantities if order.status == Order.Status.PAID else {})
    taken = facts.sold.get(order.pk, Units())
    if taken != owed:
        yield f"took {dict(taken)}, owed {dict(owed)}"


def _fulfilment(order: Order, facts: Facts) -> Iterator[str]:
    """Check that only paid orders are fulfilled, and that each step that was taken has its time."""
    if order.fulfilment not in F.values:
        yield "unknown fulfilment"
    if order.fulfilment != F.UNFULFILLED and order.status != Order.Status.PAID:
        yield f"but the order is {order.status}"
    delivered = order.fulfilment == F.DELIVERED
    shipped = delivered or order.fulfilment == F.SHIPPED
    if bool(order.shipped_at) != shipped or bool(order.delivered_at) != delivered:
        yield f"shipped at {order.shipped_at}, delivered at {order.delivered_at}"
    if bool(order.carrier) != shipped:
        yield f"its carrier is {order.carrier!r}"
    if order.fulfilment == F.PACKED and not order.packed_at:
        yield "it has no packed_at"
    canceled = F.CANCELED in (order.fulfilment, order.status)
    if (order.canceled_at and not canceled) or (order.fulfilment == F.CANCELED and not order.canceled_at):
        yield f"canceled at {order.canceled_at}"


def _refund(order: Order, facts: Facts) -> Iterator[str]:
    """Check that the refund status fits the amounts, and that a canceled paid order is refunded in full."""
    requested, completed = order.refund_requested, order.refund_completed
    if order.refund_status != _refund_status(order) or not 0 <= completed <= requested <= order.total:
        yield f"refund status {order.refund_status}, {requested} refunded, {completed} paid back"
    if order.fulfilment == F.CANCELED and requested != order.total:
        yield f"only {requested} of {order.total} goes back"


def _refund_status(order: Order) -> str:
    if not order.refund_requested:
        return RefundStatus.NONE
    return RefundStatus.FULL if order.refund_requested == order.total else RefundStatus.PARTIAL


def _restock(order: Order, facts: Facts) -> Iterator[str]:
    """Check that stock came back once, in whole lines and only with a full refund.

    Nothing comes back for products that were deleted.
    """
    restocked = facts.restocked.get(order.pk, Units())
    partial = any(qty != order.quantities.get(product) for product, qty in restocked.items())
    if partial or (restocked and order.refund_requested != order.total):
        yield f"put back {dict(restocked)}, with {order.refund_requested} of {order.total} refunded"
    missing = (order.quantities.keys() & facts.products) - restocked.keys()
    if order.fulfilment == F.CANCELED and missing:
        yield f"not put back: {sorted(missing)}"


def _audit_log(order: Order, facts: Facts) -> Iterator[str]:
    """Check that each step that was taken has exactly one audit entry."""
    for action, time_field in STEP_TIMES.items():
        entries, at = facts.steps[str(order.pk), action], getattr(order, time_field)
        if entries != (at is not None):
            yield f"{entries} entries {action}, and {time_field} is {at}"


def _parcel_mail(order: Order, facts: Facts) -> Iterator[str]:
    """Check that shipped orders, and no others, have a mail about the parcel, while such mails are kept."""
    announced = str(order.pk) in facts.announced_parcels
    if order.shipped_at and order.shipped_at < oldest_kept():
        return
    if announced != bool(order.shipped_at):
        yield f"a mail tells of the parcel: {announced}"


def _duplicate_numbers(facts: Facts) -> Iterator[str]:
    for number, count in Counter(facts.numbers.values()).items():
        if count > 1:
            yield f"order {number}: the number is not unique"


def _sales_without_order(facts: Facts) -> Iterator[str]:
    for order_id, units in facts.sold.items():
        if order_id not in facts.numbers:
            yield f"sale of {dict(units)}: there is no order {order_id}"


def _confirmation_mails() -> Iterator[str]:
    """Yield paid orders without a confirmation mail, and mails of orders that are not paid.

    Orders older than the first such mail are skipped: they may date from before the shop sent mails. So are
    those whose mail may be deleted.
    """
    first = OutboxMessage.objects.filter(kind="order_confirmed").order_by("created_at").first()
    since = max(first.created_at, oldest_kept()) if first else timezone.now()
    confirmed = _orders_with_mail("order_confirmed")
    paid = Order.objects.filter(status=Order.Status.PAID).order_by()
    for pk, number, placed_at in paid.values_list("pk", "number", "created_at").iterator():
        if str(pk) not in confirmed and placed_at > since:
            yield f"order {number}: paid, and no mail says so"
        confirmed.discard(str(pk))
    yield from (f"order {pk}: a mail says that it is paid, and it is not" for pk in confirmed)


def _moved_units(reason: str, *, sign: int) -> dict[ObjectId, Units]:
    """Return the units that each order took or gave back. A line that moved twice counts twice."""
    moved: dict[ObjectId, Units] = defaultdict(Units)
    movements = StockMovement.objects.filter(reason=reason)
    for order, product, quantity in movements.values_list("order", "product", "quantity").iterator():
        moved[order][str(product)] += sign * quantity
    return moved


def _audited_steps() -> "Counter[tuple[str, str]]":
    entries = AuditEntry.objects.filter(object_kind="order", action__in=list(STEP_TIMES))
    return Counter(entries.values_list("object_id", "action").iterator())


def _orders_with_mail(kind: str) -> set[str]:
    mails = OutboxMessage.objects.filter(kind=kind)
    return {payload["order"] for payload in mails.values_list("payload", flat=True)}
