"""What must always be true of orders and of the stock they took."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator

from catalog.models import StockMovement
from ecommerce.lib.money import line_total
from ecommerce.models import OutboxMessage
from orders.models import Order, subtotal_of

Units = Tally[str]  # by the product's ObjectId as text


def violations() -> Iterator[str]:
    """Money adds up, and an order is paid exactly when each of its lines took its stock once."""
    yield from _mails()
    sold, numbers = _sold(), set()
    for order in Order.objects.order_by().iterator():
        yield from _money(order)
        owed = Tally(order.quantities if order.status == Order.Status.PAID else {})
        taken = sold.pop(order.pk, Tally())
        if taken != owed:
            yield f"order {order.number} ({order.status}): took {dict(taken)}, owed {dict(owed)}"
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


def _sold() -> dict[object, Units]:
    """What each order took; a line sold twice shows as a wrong number."""
    sold: dict[object, Units] = defaultdict(Tally)
    sales = StockMovement.objects.filter(reason=StockMovement.Reason.SALE)
    for order, product, quantity in sales.values_list("order", "product", "quantity").iterator():
        sold[order][str(product)] -= quantity
    return sold


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
