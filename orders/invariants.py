"""What must always be true of orders, of the stock they took and of where their goods are."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator

from catalog.models import Product, StockMovement
from ecommerce.core.models import AuditEntry, OutboxMessage
from ecommerce.core.text.money import line_total
from orders.models import F, Order, subtotal_of

Units = Tally[str]  # by the product's ObjectId as text
Reason = StockMovement.Reason
STEPS = {
    "order.pack": "packed_at",
    "order.ship": "shipped_at",
    "order.deliver": "delivered_at",
    "order.cancel": "canceled_at",
}


def violations() -> Iterator[str]:
    """Money adds up, and an order is paid exactly when each of its lines took its stock once."""
    yield from _mails()
    sold, back, audited, numbers = _moved(Reason.SALE), _moved(Reason.RESTOCK), _audited(), set()
    told, products = _told_of_parcels(), {str(pk) for pk in Product.objects.values_list("pk", flat=True)}
    for order in Order.objects.order_by().iterator():
        yield from _money(order)
        owed = Tally(order.quantities if order.status == Order.Status.PAID else {})
        taken = sold.pop(order.pk, Tally())
        if taken != owed:
            yield f"order {order.number} ({order.status}): took {dict(taken)}, owed {dict(owed)}"
        faults = (
            *_where(order),
            *_given_back(order),
            *_restocked(order, back.pop(order.pk, Tally()), products),
            *_written_down(order, audited, str(order.pk) in told),
        )
        yield from (f"order {order.number} ({order.fulfilment}): {fault}" for fault in faults)
        if order.status not in Order.Status.values:
            yield f"order {order.number}: unknown status {order.status}"
        if order.number in numbers:
            yield f"order {order.number}: the number is not unique"
        numbers.add(order.number)
    for order_id, units in sold.items():
        yield f"sale of {dict(units)}: there is no order {order_id}"


def _money(order: Order) -> Iterator[str]:
    for item in order.items:
        if item.line_total != line_total(item.unit_price, item.qty):
            yield f"order {order.number}: line {item.name} does not add up"
    if order.subtotal != subtotal_of(order.items):
        yield f"order {order.number}: subtotal {order.subtotal} is not the sum of its lines"
    if order.total != order.subtotal - order.discount + order.shipping + order.tax:
        yield f"order {order.number}: total {order.total} is not the sum of its parts"
    if min(order.subtotal, order.discount, order.shipping, order.tax, order.total) < 0:
        yield f"order {order.number}: an amount is negative"


def _where(order: Order) -> Iterator[str]:
    """The goods move in a paid order only, and each step that it stands at or after has its time."""
    if order.fulfilment not in F.values:
        yield "unknown fulfilment"
    if order.fulfilment != F.UNFULFILLED and order.status != Order.Status.PAID:
        yield f"but the order is {order.status}"
    arrived = order.fulfilment == F.DELIVERED
    left = arrived or order.fulfilment == F.SHIPPED
    canceled = F.CANCELED in (order.fulfilment, order.status)
    if (bool(order.shipped_at), bool(order.delivered_at)) != (left, arrived):
        yield f"shipped at {order.shipped_at}, delivered at {order.delivered_at}"
    if order.fulfilment == F.PACKED and not order.packed_at:
        yield "it was packed at no time"
    if (order.canceled_at and not canceled) or (order.fulfilment == F.CANCELED and not order.canceled_at):
        yield f"canceled at {order.canceled_at}"
    if bool(order.carrier) != left:
        yield f"its carrier is {order.carrier!r}"


def _given_back(order: Order) -> Iterator[str]:
    whole = order.refund_requested == order.total
    status = Order.RefundStatus
    stands = status.NONE if not order.refund_requested else status.FULL if whole else status.PARTIAL
    requested, completed = order.refund_requested, order.refund_completed
    if order.refund_status != stands or not 0 <= completed <= requested <= order.total:
        yield f"refund status {order.refund_status}, {requested} refunded, {completed} paid back"
    if order.fulfilment == F.CANCELED and not whole:
        yield f"only {order.refund_requested} of {order.total} goes back"


def _restocked(order: Order, back: Units, products: set[str]) -> Iterator[str]:
    """The goods come back once and whole, with the whole of the money; deleted products take nothing."""
    wrong = {product: qty for product, qty in back.items() if qty != order.quantities.get(product)}
    if wrong or (back and order.refund_requested != order.total):
        yield f"put back {dict(back)}, with {order.refund_requested} of {order.total} refunded"
    missing = (order.quantities.keys() & products) - back.keys()
    if order.fulfilment == F.CANCELED and missing:
        yield f"not put back: {sorted(missing)}"


def _written_down(order: Order, audited: "Tally[tuple[str, str]]", told: bool) -> Iterator[str]:
    """Each step has one entry that says who took it, and a shipped order one mail."""
    for action, field in STEPS.items():
        entries, happened = audited[str(order.pk), action], getattr(order, field) is not None
        if entries != happened:
            yield f"{entries} entries {action}, and {field} is {getattr(order, field)}"
    if told != bool(order.shipped_at):
        yield f"a mail tells of the parcel: {told}"


def _moved(reason: str) -> dict[object, Units]:
    """What each order took or gave back; a line moved twice shows as a wrong number."""
    moved: dict[object, Units] = defaultdict(Tally)
    sign = -1 if reason == Reason.SALE else 1
    movements = StockMovement.objects.filter(reason=reason)
    for order, product, quantity in movements.values_list("order", "product", "quantity").iterator():
        moved[order][str(product)] += sign * quantity
    return moved


def _audited() -> "Tally[tuple[str, str]]":
    entries = AuditEntry.objects.filter(object_kind="order", action__in=list(STEPS))
    return Tally(entries.values_list("object_id", "action").iterator())


def _told_of_parcels() -> set[str]:
    mails = OutboxMessage.objects.filter(kind="order_shipped")
    return {payload["order"] for payload in mails.values_list("payload", flat=True)}


def _mails() -> Iterator[str]:
    """Who paid is told so, and nobody else. Orders older than the first such mail may be of a time before."""
    mails = OutboxMessage.objects.filter(kind="order_confirmed").order_by("created_at")
    told = {payload["order"] for payload in mails.values_list("payload", flat=True)}
    first = mails.first()
    paid = Order.objects.filter(status=Order.Status.PAID).order_by()
    for pk, number, placed in paid.values_list("pk", "number", "created_at").iterator():
        if str(pk) not in told and first is not None and placed > first.created_at:
            yield f"order {number}: paid, and no mail says so"
        told.discard(str(pk))
    yield from (f"order {pk}: a mail says that it is paid, and it is not" for pk in told)
