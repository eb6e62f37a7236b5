"""What must always be true of payments, of the orders they paid and of the stock they hold."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from bson import ObjectId

from catalog.models import Product
from ecommerce.core.models import AuditEntry
from orders.models import Order
from payments.models import TAKEN, ZERO, Payment, Refund

Status = Payment.Status


def violations() -> Iterator[str]:
    """Every cent taken has paid one order or goes back, and holds are those of open payments."""
    refunds = _refunds()
    orders = {order.pk: order for order in Order.objects.order_by().iterator()}
    audited = _audited()
    paying: Tally[ObjectId] = Tally()
    back: dict[ObjectId, tuple[Decimal, Decimal]] = {}
    held: Tally[str] = Tally()
    for payment in Payment.objects.order_by().iterator():
        if (order := orders.get(payment.order_id)) is None:
            yield f"payment {payment.pk}: there is no order {payment.order_id}"
            continue
        paying[order.pk] += payment.paid_order
        held.update(order.quantities if payment.held else {})
        rows = refunds.pop(payment.pk, [])
        audited[str(order.pk)] -= len(rows)
        if payment.paid_order:
            back[order.pk] = (payment.refund_requested, payment.refund_completed)
        for fault in (*_states(payment, order), *_money(payment, order), *_money_back(payment, rows)):
            yield f"payment {payment.pk} of order {order.number}: {fault}"
    for order in orders.values():
        if paying[order.pk] != (order.status == Order.Status.PAID):
            yield f"order {order.number} ({order.status}): {paying[order.pk]} payments paid it"
        requested, completed = order.refund_requested, order.refund_completed
        if (requested, completed) != (expected := back.get(order.pk, (ZERO, ZERO))):
            yield f"order {order.number}: {requested} refunded, {completed} back, not {expected}"
        if missing := -audited[str(order.pk)]:
            yield f"order {order.number}: {missing} refunds that no entry tells of"
    for product in Product.objects.order_by().iterator():
        if product.on_hold != held[str(product.pk)]:
            yield f"product {product.slug}: {product.on_hold} on hold, payments hold {held[str(product.pk)]}"
    if refunds:
        yield f"refunds of payments that are not there: {list(refunds)}"


def _states(payment: Payment, order: Order) -> Iterator[str]:
    if (payment.received > 0) != (payment.status in TAKEN):
        yield f"{payment.status}, with {payment.received} received"
    if payment.held and payment.status != Status.INITIATED:
        yield f"{payment.status}, but it holds stock"
    if payment.status == Status.INITIATED and order.payment != payment.pk and not order.is_final:
        yield "open, but the order does not know it"
    if payment.paid_order and order.payment != payment.pk:
        yield "it paid the order, which names another"


def _money(payment: Payment, order: Order) -> Iterator[str]:
    """What pays an order is its total; what does not, goes back whole."""
    received = (payment.received, payment.received_currency)
    if payment.paid_order and received != (order.total, order.currency):
        yield f"received {received} for an order of {order.total} {order.currency}"
    if not payment.paid_order and payment.refund_requested != payment.received:
        yield f"received {payment.received} for nothing, {payment.refund_requested} of it goes back"


def _money_back(payment: Payment, refunds: list[Refund]) -> Iterator[str]:
    total = _sum(refunds)
    done = _sum([refund for refund in refunds if refund.status == Refund.Status.REFUNDED])
    if payment.refund_requested != total or total > payment.received:
        yield f"refunds of {total}, noted {payment.refund_requested}, received {payment.received}"
    if payment.refund_completed != done:
        yield f"refunded {done}, noted {payment.refund_completed}"
    whole = payment.status in (Status.REFUND_DUE, Status.REFUNDED)
    if payment.status in TAKEN and whole != (total == payment.received):
        yield f"{payment.status}, with refunds of {total} of {payment.received}"
    if (payment.status == Status.REFUNDED) != (payment.received > 0 and done == payment.received):
        yield f"{payment.status}, with {done} of {payment.received} gone back"
    if any(refund.currency != payment.received_currency for refund in refunds):
        yield "a refund has another currency"


def _audited() -> "Tally[str]":
    entries = AuditEntry.objects.filter(object_kind="order", action="order.refund")
    return Tally(entries.values_list("object_id", flat=True).iterator())


def _refunds() -> dict[ObjectId, list[Refund]]:
    found: dict[ObjectId, list[Refund]] = defaultdict(list)
    for refund in Refund.objects.order_by().iterator():
        found[refund.payment_id].append(refund)
    return found


def _sum(refunds: list[Refund]) -> Decimal:
    return sum((refund.amount for refund in refunds), ZERO)
