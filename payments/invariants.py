"""Rules that payments, the orders they paid and the stock they hold must always satisfy."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from bson import ObjectId

from catalog.models import Product
from ecommerce.core.models import AuditEntry
from orders.models import Order
from payments.models import TAKEN, ZERO, Payment, Refund

Status = Payment.Status
Orders = dict[ObjectId, Order]
RefundsByPayment = dict[ObjectId, list[Refund]]


def violations() -> Iterator[str]:
    """Yield a sentence for each violation of the rules.

    Received money has either paid exactly one order or is refunded in full. Refunds add up, and stock is on
    hold for open payments only.
    """
    orders = {order.pk: order for order in Order.objects.order_by().iterator()}
    payments = list(Payment.objects.order_by().iterator())
    refunds = _refunds_by_payment()
    yield from _payments_without_order(payments, orders)
    yield from _refunds_without_payment(payments, refunds)
    payments = [payment for payment in payments if payment.order_id in orders]
    for payment in payments:
        order = orders[payment.order_id]
        for fault in _faults(payment, order, refunds[payment.pk]):
            yield f"payment {payment.pk} of order {order.number}: {fault}"
    yield from _orders_and_their_payments(payments, orders)
    yield from _refunds_without_audit_entry(payments, orders, refunds)
    yield from _holds_without_payment(payments, orders)


def _refunds_by_payment() -> RefundsByPayment:
    refunds: RefundsByPayment = defaultdict(list)
    for refund in Refund.objects.order_by().iterator():
        refunds[refund.payment_id].append(refund)
    return refunds


def _payments_without_order(payments: list[Payment], orders: Orders) -> Iterator[str]:
    for payment in payments:
        if payment.order_id not in orders:
            yield f"payment {payment.pk}: there is no order {payment.order_id}"


def _refunds_without_payment(payments: list[Payment], refunds: RefundsByPayment) -> Iterator[str]:
    missing = refunds.keys() - {payment.pk for payment in payments}
    if missing:
        yield f"refunds of payments that are not there: {sorted(missing)}"


def _faults(payment: Payment, order: Order, refunds: list[Refund]) -> Iterator[str]:
    yield from _status_faults(payment, order)
    yield from _received_faults(payment, order)
    yield from _refund_faults(payment, refunds)


def _status_faults(payment: Payment, order: Order) -> Iterator[str]:
    if (payment.received > 0) != (payment.status in TAKEN):
        yield f"{payment.status}, with {payment.received} received"
    if payment.held and payment.status != Status.INITIATED:
        yield f"{payment.status}, but it holds stock"
    if (payment.buyer or payment.network) and payment.status != Status.INITIATED:
        yield f"{payment.status}, but it counts as an open one"
    if payment.status == Status.INITIATED and order.payment != payment.pk and not order.is_final:
        yield "open, but the order does not refer to it"
    if payment.paid_order and order.payment != payment.pk:
        yield "it paid the order, which refers to another payment"


def _received_faults(payment: Payment, order: Order) -> Iterator[str]:
    """Check that a payment either paid its order in full or is refunded in full."""
    received = (payment.received, payment.received_currency)
    if payment.paid_order and received != (order.total, order.currency):
        yield f"received {received} for an order of {order.total} {order.currency}"
    if not payment.paid_order and payment.refund_requested != payment.received:
        yield f"received {payment.received} for no order, but only {payment.refund_requested} is refunded"


def _refund_faults(payment: Payment, refunds: list[Refund]) -> Iterator[str]:
    requested = _sum(refunds)
    completed = _sum([refund for refund in refunds if refund.status == Refund.Status.REFUNDED])
    in_full = requested == payment.received
    if payment.refund_requested != requested or requested > payment.received:
        yield f"refunds of {requested}, stored {payment.refund_requested}, received {payment.received}"
    if payment.refund_completed != completed:
        yield f"refunds of {completed} completed, stored {payment.refund_completed}"
    if payment.status in TAKEN and in_full != (payment.status in (Status.REFUND_DUE, Status.REFUNDED)):
        yield f"{payment.status}, with refunds of {requested} of {payment.received}"
    if (payment.status == Status.REFUNDED) != (payment.received > 0 and completed == payment.received):
        yield f"{payment.status}, with {completed} of {payment.received} refunded"
    if any(refund.currency != payment.received_currency for refund in refunds):
        yield "a refund has another currency"


def _orders_and_their_payments(payments: list[Payment], orders: Orders) -> Iterator[str]:
    """Check that one payment paid each paid order and none any other, and that their refunds agree."""
    paid_by: dict[ObjectId, list[Payment]] = defaultdict(list)
    for payment in payments:
        if payment.paid_order:
            paid_by[payment.order_id].append(payment)
    for order in orders.values():
        count = len(paid_by[order.pk])
        if count != (order.status == Order.Status.PAID):
            yield f"order {order.number} ({order.status}): {count} payments paid it"
        stored = (order.refund_requested, order.refund_completed)
        expected = (ZERO, ZERO)
        if paid_by[order.pk]:
            payment = paid_by[order.pk][-1]
            expected = (payment.refund_requested, payment.refund_completed)
        if stored != expected:
            yield f"order {order.number}: {stored[0]} refunded, {stored[1]} back, not {expected}"


def _refunds_without_audit_entry(
    payments: list[Payment], orders: Orders, refunds: RefundsByPayment
) -> Iterator[str]:
    entries = AuditEntry.objects.filter(object_kind="order", action="order.refund")
    audited = Counter(entries.values_list("object_id", flat=True).iterator())
    refunded: Counter[str] = Counter()
    for payment in payments:
        refunded[str(payment.order_id)] += len(refunds[payment.pk])
    for order in orders.values():
        count, entries_count = refunded[str(order.pk)], audited[str(order.pk)]
        if count != entries_count:
            yield f"order {order.number}: {count} refunds, but {entries_count} audit entries of refunds"


def _holds_without_payment(payments: list[Payment], orders: Orders) -> Iterator[str]:
    held: Counter[str] = Counter()
    for payment in payments:
        if payment.held:
            held.update(orders[payment.order_id].quantities)
    for product in Product.objects.order_by().iterator():
        expected = held[str(product.pk)]
        if product.on_hold != expected:
            yield f"product {product.slug}: {product.on_hold} on hold, but payments hold {expected}"


def _sum(refunds: list[Refund]) -> Decimal:
    return sum((refund.amount for refund in refunds), ZERO)
