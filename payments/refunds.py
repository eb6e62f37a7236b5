"""Record refunds and send them to the provider.

A refund is recorded in the transaction of the change that makes it due. The outbox sends it, and the
reconciler sends it again until the provider has confirmed it.
"""

import logging
from decimal import Decimal

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F

from accounts.models import User
from catalog import stock
from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.db.status_transitions import transition
from ecommerce.core.errors import DomainError
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import enqueue, handler
from ecommerce.core.text.money import as_json
from orders import emails
from orders.models import Order
from payments.gateways import gateway
from payments.gateways.base import RefundState
from payments.models import REFUND_TRANSITIONS, TRANSITIONS, Payment, Refund, RefundQuerySet
from payments.sale_lines import sale_lines

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
    order: Order,
    *,
    key: str,
    by: User | None = None,
    amount: Decimal | None = None,
    reason: str = "",
    restock: bool = False,
) -> Refund:
    """Record a refund of a paid order and return it; the outbox sends it.

    Without an amount everything that is left is refunded. `restock` also puts all items of the order back
    into stock, once. A repeated key returns the refund of its first use. Raise NothingToRefund,
    RefundTooLarge, RestockNeedsAll, or RefundKeyReused.
    """
    earlier = Refund.objects.filter(key=key).first()
    if earlier is None:
        try:
            return run_tx(lambda: _refund(order.pk, key, by, amount, reason, restock=restock))
        except IntegrityError:  # a concurrent request used the same key
            earlier = Refund.objects.get(key=key)
    if earlier.payment.order_id != order.pk or amount not in (None, earlier.amount):
        raise RefundKeyReused
    return earlier


def refund_rest(order: Order, *, key: str, by: User, reason: str) -> None:
    """Refund what is left of a paid order, if anything, and restock its items. Call it in a transaction."""
    payment = _payment_that_paid(order.pk)
    if payment.received > payment.refund_requested:
        _refund(order.pk, key, by, None, reason, restock=True)
    else:
        stock.restock(sale_lines(order), order=order.pk)


def _refund(
    order: ObjectId, key: str, by: User | None, amount: Decimal | None, reason: str, *, restock: bool
) -> Refund:
    payment = _payment_that_paid(order)
    left = payment.received - payment.refund_requested
    if not left:
        raise NothingToRefund("This order was refunded in full.")
    if amount is None:
        amount = left
    if not 0 < amount <= left:
        raise RefundTooLarge
    if restock and amount != left:
        raise RestockNeedsAll
    _add_to_requested(payment, amount, in_full=amount == left)
    if restock:
        stock.restock(sale_lines(payment.order), order=order)
    return record(payment, amount=amount, currency=payment.received_currency, reason=reason, key=key, by=by)


def _payment_that_paid(order: ObjectId) -> Payment:
    payment = Payment.objects.filter(order=order, paid_order=True).first()
    if payment is None:
        raise NothingToRefund
    return payment


def _add_to_requested(payment: Payment, amount: Decimal, *, in_full: bool) -> None:
    """Update the totals of the payment and its order.

    Concurrent refunds write to the same payment, so the transaction of all but one is retried.
    """
    rows = Payment.objects.filter(pk=payment.pk)
    requested = payment.refund_requested + amount
    rows.update(refund_requested=requested)
    if in_full:
        transition(rows, Payment.Status.REFUND_DUE, TRANSITIONS)
    status = Order.RefundStatus.FULL if in_full else Order.RefundStatus.PARTIAL
    Order.objects.filter(pk=payment.order_id).update(refund_status=status, refund_requested=requested)


def record(
    payment: Payment, *, amount: Decimal, currency: str, reason: str, key: str, by: User | None = None
) -> Refund:
    """Insert a refund, its audit entry and its outbox message, and return it. Call it in a transaction.

    The caller adds the amount to the stored `refund_requested`; `payment` must hold the value before that.
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
    _enqueue(refund)
    return refund


def send_again(refund: Refund, *, by: User) -> bool:
    """Queue a refund again; a failed one gets a new attempt. Return False if it is already completed."""
    retry = str(ObjectId())  # outside the transaction, which may run more than once
    return run_tx(lambda: _queue_again(refund, by, retry))


def _queue_again(refund: Refund, by: User, retry: str) -> bool:
    failed = Refund.objects.filter(pk=refund.pk, status=Status.FAILED)
    transition(failed, Status.DUE, REFUND_TRANSITIONS, failures=F("failures") + 1)
    current = Refund.objects.get(pk=refund.pk)
    if current.status == Status.REFUNDED:
        return False
    _enqueue(current, retry)
    _audit("order.refund_again", refund, by=by)
    return True


def _enqueue(refund: Refund, retry: str = "") -> None:
    key = f"refund:{refund.pk}:{retry}" if retry else f"refund:{refund.pk}"
    enqueue(kind="refund", key=key, payload={"refund": str(refund.pk)})


@handler("refund")
def deliver(message: OutboxMessage) -> None:
    """Send the refund of an outbox message, unless the reconciler has already sent it."""
    refund = Refund.objects.outstanding().filter(pk=message.payload["refund"]).first()
    if refund is not None:
        send(refund)


def send(refund: Refund) -> Refund:
    """Send a refund to its provider, record the outcome, and return the refund as stored.

    Repeated and concurrent calls are safe, since the provider identifies a refund by its attempt_id. Raise
    GatewayUnavailable or GatewayRefused.
    """
    transition(_this_attempt(refund), Status.REFUNDING, REFUND_TRANSITIONS)
    state = gateway(refund.payment.gateway).refund(refund)
    if state is RefundState.DONE:
        run_tx(lambda: _complete(refund))
    elif state is RefundState.FAILED:
        run_tx(lambda: _fail(refund))
        logger.error("Refund %s failed at the provider and must be paid back by hand", refund.pk)
    return Refund.objects.get(pk=refund.pk)


def _this_attempt(refund: Refund) -> RefundQuerySet:
    """Return the refund's row, or no row if it has failed and been retried since it was read."""
    return Refund.objects.filter(pk=refund.pk, failures=refund.failures)


def _complete(refund: Refund) -> None:
    if not transition(_this_attempt(refund), Status.REFUNDED, REFUND_TRANSITIONS):
        return
    payment = Payment.objects.get(pk=refund.payment_id)
    completed = payment.refund_completed + refund.amount
    rows = Payment.objects.filter(pk=payment.pk)
    rows.update(refund_completed=completed)
    if completed == payment.received:
        transition(rows, Payment.Status.REFUNDED, TRANSITIONS)
    if payment.paid_order:
        Order.objects.filter(pk=payment.order_id).update(refund_completed=completed)
    _audit("order.refund_sent", refund)
    emails.queue_refunded(payment.order, refund=refund.pk, amount=refund.amount)


def _fail(refund: Refund) -> None:
    if transition(_this_attempt(refund), Status.FAILED, REFUND_TRANSITIONS):
        _audit("order.refund_failed", refund)


def _audit(action: str, refund: Refund, by: User | None = None) -> None:
    after = {"amount": as_json(refund.amount)}
    audit.record(actor=by, action=action, obj=refund.payment.order, before={}, after=after)
