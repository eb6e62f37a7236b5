"""Refunds: recorded in a transaction with what makes them due, sent afterwards, as often as it takes."""

import logging
from decimal import Decimal

from bson import ObjectId
from django.db import IntegrityError

from catalog import stock
from ecommerce.lib.db import run_tx
from ecommerce.lib.errors import DomainError
from ecommerce.lib.status import transition
from orders import emails
from orders.models import Order
from payments.gateways import gateway
from payments.gateways.base import RefundState
from payments.lines import lines_of
from payments.models import REFUND_TRANSITIONS, TRANSITIONS, Payment, Refund

logger = logging.getLogger("shop.payments")
Status = Refund.Status


class NothingToRefund(DomainError):
    message, code, status_code = "This order has no payment to refund.", "nothing_to_refund", 409


class RefundTooLarge(DomainError):
    message, code, status_code = "That is more than is left to refund.", "refund_too_large", 409


class RefundKeyReused(DomainError):
    message = "This key was used for another refund."
    code, status_code = "idempotency_key_reused", 422


def refund_order(
    *, order: Order, key: str, amount: Decimal | None = None, reason: str = "", restock: bool = False
) -> Refund:
    """Record a refund of a paid order, of what is left without an amount; `send` makes it happen.

    The same key again answers the refund it made. Raises NothingToRefund, RefundTooLarge, RefundKeyReused.
    """
    if (earlier := Refund.objects.filter(key=key).first()) is None:
        try:
            return run_tx(lambda: _request(order.pk, key, amount, reason, restock))
        except IntegrityError:  # another request with this key was first
            earlier = Refund.objects.get(key=key)
    if earlier.payment.order_id != order.pk or amount not in (None, earlier.amount):
        raise RefundKeyReused
    return earlier


def record(payment: Payment, amount: Decimal, currency: str, reason: str, *, key: str) -> Refund:
    """Inside a transaction, by a caller that has added the amount to the payment's `refund_total`."""
    return Refund.objects.create(
        pk=ObjectId(), key=key, payment=payment, amount=amount, currency=currency, reason=reason
    )


def send(refund: Refund) -> Refund:
    """Have the provider pay it back and write down what became of it. Raises what the gateway raises.

    It may be sent many times, by several at once: the provider knows it by its id.
    """
    transition(Refund.objects.filter(pk=refund.pk), Status.REFUNDING, REFUND_TRANSITIONS)
    state = gateway(refund.payment.gateway).refund(refund)
    if state is RefundState.DONE:
        run_tx(lambda: _done(refund))
    elif state is RefundState.FAILED:
        transition(Refund.objects.filter(pk=refund.pk), Status.FAILED, REFUND_TRANSITIONS)
        logger.error("Refund %s failed at the provider: somebody has to pay it back by hand", refund.pk)
    return Refund.objects.get(pk=refund.pk)


def _request(order: ObjectId, key: str, amount: Decimal | None, reason: str, restock: bool) -> Refund:
    payment = Payment.objects.filter(order=order, paid_order=True).first()
    if payment is None:
        raise NothingToRefund
    left = payment.received - payment.refund_total
    if not 0 < (wanted := left if amount is None else amount) <= left:
        raise RefundTooLarge
    # A refund at the same moment touches the same payment: the transaction of one of them starts again.
    Payment.objects.filter(pk=payment.pk).update(refund_total=payment.refund_total + wanted)
    if wanted == left:
        transition(Payment.objects.filter(pk=payment.pk), Payment.Status.REFUND_DUE, TRANSITIONS)
    if restock:
        stock.restock(order, lines_of(payment.order))
    return record(payment, wanted, payment.received_currency, reason, key=key)


def _done(refund: Refund) -> None:
    if not transition(Refund.objects.filter(pk=refund.pk), Status.REFUNDED, REFUND_TRANSITIONS):
        return
    payment = Payment.objects.get(pk=refund.payment_id)
    refunded = payment.refunded + refund.amount
    rows = Payment.objects.filter(pk=payment.pk)
    rows.update(refunded=refunded)
    if refunded == payment.received:
        transition(rows, Payment.Status.REFUNDED, TRANSITIONS)
    emails.queue_refunded(payment.order, refund=refund.pk, amount=refund.amount)
