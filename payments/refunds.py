"""Refunds: recorded in a transaction with what makes them due, sent by the outbox, as often as it takes."""

import logging
from decimal import Decimal

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F

from accounts.models import User
from catalog import stock
from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.db.status import transition
from ecommerce.core.errors import DomainError
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import enqueue, handler
from ecommerce.core.text.money import as_json
from orders import emails
from orders.models import Order
from payments.gateways import gateway
from payments.gateways.base import RefundState
from payments.models import REFUND_TRANSITIONS, TRANSITIONS, Payment, Refund, RefundQuerySet
from payments.sale_lines import lines_of

logger = logging.getLogger("shop.payments")
Status = Refund.Status


class NothingToRefund(DomainError):
    message, code, status_code = "This order has no payment to refund.", "nothing_to_refund", 409


class RefundTooLarge(DomainError):
    message, code, status_code = "That is more than is left to refund.", "refund_too_large", 409


class RestockNeedsAll(DomainError):
    message = (
        "Only a refund of all that is left puts the goods back. For single items change the product's stock."
    )
    code, status_code = "restock_needs_all", 409


class RefundKeyReused(DomainError):
    message = "This key was used for another refund."
    code, status_code = "idempotency_key_reused", 422


def refund_order(
    *,
    order: Order,
    key: str,
    by: User | None = None,
    amount: Decimal | None = None,
    reason: str = "",
    restock: bool = False,
) -> Refund:
    """Record a refund of a paid order, of what is left without an amount; the outbox sends it.

    The same key again answers the refund it made. `restock` puts the whole order's goods back, once. Raises
    NothingToRefund, RefundTooLarge, RestockNeedsAll, RefundKeyReused.
    """
    if (earlier := Refund.objects.filter(key=key).first()) is None:
        try:
            return run_tx(lambda: _request(order.pk, key, by, amount, reason, restock))
        except IntegrityError:  # another request with this key was first
            earlier = Refund.objects.get(key=key)
    if earlier.payment.order_id != order.pk or amount not in (None, earlier.amount):
        raise RefundKeyReused
    return earlier


def refund_rest(order: ObjectId, *, key: str, by: User, reason: str) -> None:
    """Inside a transaction: what is left goes back, if anything is, and so do the goods."""
    payment = _paying(order)
    if payment.received > payment.refund_requested:
        _request(order, key, by, None, reason, restock=True)
    else:
        stock.restock(lines_of(payment.order), order=order)


def record(
    payment: Payment, amount: Decimal, currency: str, reason: str, *, key: str, by: User | None = None
) -> Refund:
    """Inside a transaction, by a caller that adds the amount to the stored `refund_requested`.

    `payment` is as it was before that.
    """
    refund = Refund.objects.create(
        pk=ObjectId(), key=key, payment=payment, amount=amount, currency=currency, reason=reason
    )
    before = {"refunded": as_json(payment.refund_requested)}
    after = {
        "refunded": as_json(payment.refund_requested + amount),
        "amount": as_json(amount),
        "reason": reason,
    }
    audit.record(actor=by, action="order.refund", obj=payment.order, before=before, after=after)
    _queue(refund)
    return refund


def send_again(*, refund: Refund, by: User) -> bool:
    """Queue a refund anew that has not gone back; False where it has. A failed one gets another try."""
    once_more = str(ObjectId())

    def change() -> bool:
        failed = Refund.objects.filter(pk=refund.pk, status=Status.FAILED)
        transition(failed, Status.DUE, REFUND_TRANSITIONS, failures=F("failures") + 1)
        current = Refund.objects.get(pk=refund.pk)
        if current.status == Status.REFUNDED:
            return False
        _queue(current, once_more)
        facts = {"amount": as_json(refund.amount)}
        audit.record(actor=by, action="order.refund_again", obj=refund.payment.order, before={}, after=facts)
        return True

    return run_tx(change)


@handler("refund")
def deliver(message: OutboxMessage) -> None:
    """Hand a refund to its provider. The reconciler does the same, so that no refund depends on its row."""
    refund = Refund.objects.outstanding().filter(pk=message.payload["refund"]).first()
    if refund is not None:
        send(refund)


def send(refund: Refund) -> Refund:
    """Have the provider pay it back and write down what became of it. Raises what the gateway raises.

    It may be sent many times, by several at once: the provider knows it by its id.
    """
    transition(_this_try(refund), Status.REFUNDING, REFUND_TRANSITIONS)
    state = gateway(refund.payment.gateway).refund(refund)
    if state is RefundState.DONE:
        run_tx(lambda: _done(refund))
    elif state is RefundState.FAILED:
        run_tx(lambda: _failed(refund))
        logger.error("Refund %s failed at the provider: somebody has to pay it back by hand", refund.pk)
    return Refund.objects.get(pk=refund.pk)


def _paying(order: ObjectId) -> Payment:
    payment = Payment.objects.filter(order=order, paid_order=True).first()
    if payment is None:
        raise NothingToRefund
    return payment


def _request(
    order: ObjectId, key: str, by: User | None, amount: Decimal | None, reason: str, restock: bool
) -> Refund:
    payment = _paying(order)
    left = payment.received - payment.refund_requested
    if not left:
        raise NothingToRefund("This order was refunded in full.")
    if not 0 < (wanted := left if amount is None else amount) <= left:
        raise RefundTooLarge
    if restock and wanted != left:
        raise RestockNeedsAll
    # A refund at the same moment touches the same payment: the transaction of one of them starts again.
    requested = payment.refund_requested + wanted
    Payment.objects.filter(pk=payment.pk).update(refund_requested=requested)
    if wanted == left:
        transition(Payment.objects.filter(pk=payment.pk), Payment.Status.REFUND_DUE, TRANSITIONS)
    full = Order.RefundStatus.FULL if wanted == left else Order.RefundStatus.PARTIAL
    Order.objects.filter(pk=order).update(refund_status=full, refund_requested=requested)
    if restock:
        stock.restock(lines_of(payment.order), order=order)
    return record(payment, wanted, payment.received_currency, reason, key=key, by=by)


def _queue(refund: Refund, once_more: str = "") -> None:
    key = f"refund:{refund.pk}" + (f":{once_more}" if once_more else "")
    enqueue(kind="refund", key=key, payload={"refund": str(refund.pk)})


def _this_try(refund: Refund) -> RefundQuerySet:
    """Nothing, where it failed meanwhile and was sent again: that is another try, with its own end."""
    return Refund.objects.filter(pk=refund.pk, failures=refund.failures)


def _failed(refund: Refund) -> None:
    if transition(_this_try(refund), Status.FAILED, REFUND_TRANSITIONS):
        _note("order.refund_failed", refund, refund.payment.order)


def _note(action: str, refund: Refund, order: Order) -> None:
    audit.record(actor=None, action=action, obj=order, before={}, after={"amount": as_json(refund.amount)})


def _done(refund: Refund) -> None:
    if not transition(_this_try(refund), Status.REFUNDED, REFUND_TRANSITIONS):
        return
    payment = Payment.objects.get(pk=refund.payment_id)
    completed = payment.refund_completed + refund.amount
    rows = Payment.objects.filter(pk=payment.pk)
    rows.update(refund_completed=completed)
    if completed == payment.received:
        transition(rows, Payment.Status.REFUNDED, TRANSITIONS)
    if payment.paid_order:
        Order.objects.filter(pk=payment.order_id).update(refund_completed=completed)
    _note("order.refund_sent", refund, payment.order)
    emails.queue_refunded(payment.order, refund=refund.pk, amount=refund.amount)
