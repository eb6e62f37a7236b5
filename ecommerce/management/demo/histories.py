"""What became of a demo order: its payment, parcel, refund, mails and audit entries."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from bson import ObjectId
from django.db.models import Model

from ecommerce.core import audit
from ecommerce.core.models import AuditEntry, OutboxMessage
from ecommerce.core.text.money import as_json, rounded
from ecommerce.management.demo.products import LABEL
from orders.models import F, Order
from payments.models import Payment, Refund

UNPAID_SHARE, FAILED_SHARE, REFUNDED_SHARE = 0.05, 0.03, 0.02
UNPAID_REASON, FAILED_REASON = "The order was not paid in time.", "The card was declined."
PAY_WITHIN = timedelta(hours=24)
STEPS = {  # the typical time after the payment
    F.PACKED: timedelta(hours=14),
    F.SHIPPED: timedelta(hours=26),
    F.DELIVERED: timedelta(days=3),
}
AUDIT_ACTIONS = {F.PACKED: "order.pack", F.SHIPPED: "order.ship", F.DELIVERED: "order.deliver"}
CARRIERS = ("DHL", "UPS", "DPD", "GLS", "Post")


class History:
    """A pending order, brought to where it would be by now, and the unsaved rows that this leaves behind."""

    MODELS: ClassVar[list[type[Model]]] = [Payment, Refund, OutboxMessage, AuditEntry]

    def __init__(self, dice: random.Random, order: Order, now: datetime) -> None:
        self.order, self.rows = order, list[Model]([order])
        self._dice, self._now = dice, now
        fate = dice.random()
        if fate < UNPAID_SHARE:
            self._leave_unpaid()
        elif fate < UNPAID_SHARE + FAILED_SHARE:
            self._fail()
        else:
            self._pay()

    def _leave_unpaid(self) -> None:
        canceled_at = self.order.created_at + PAY_WITHIN
        if canceled_at < self._now:
            self._set(status=Order.Status.CANCELED, failure_reason=UNPAID_REASON, canceled_at=canceled_at)
            self._audit("order.cancel", canceled_at, {"status": "canceled", "reason": UNPAID_REASON})

    def _fail(self) -> None:
        at = self._soon_after(self.order.created_at)
        self._set(status=Order.Status.FAILED, failure_reason=FAILED_REASON)
        self.rows.append(self._payment(Payment.Status.FAILED, at))
        self._audit("order.fail", at, {"status": "failed", "reason": FAILED_REASON})
        self._mail("payment_failed", at)

    def _pay(self) -> None:
        at = self._soon_after(self.order.created_at)
        payment = self._payment(Payment.Status.CAPTURED, at)
        payment.received, payment.received_currency = self.order.total, self.order.currency
        payment.paid_order = True
        self._set(status=Order.Status.PAID, paid_at=at, payment=payment.pk)
        self.rows.append(payment)
        self._audit("order.pay", at, {"status": "paid"})
        self._mail("order_confirmed", at)
        self._fulfil(at)
        if self.order.delivered_at and self._dice.random() < REFUNDED_SHARE:
            self._refund(payment, self._soon_after(self.order.delivered_at))

    def _fulfil(self, paid_at: datetime) -> None:
        for step, typical in STEPS.items():
            at = paid_at + typical * self._dice.uniform(0.5, 1.5)
            if at > self._now:
                return
            parcel = self._parcel() if step == F.SHIPPED else {}
            self._set(fulfilment=step, **{f"{step}_at": at}, **parcel)
            self._audit(AUDIT_ACTIONS[step], at, {"fulfilment": step, **parcel}, label=LABEL)
            if step == F.SHIPPED:
                self._mail("order_shipped", at, carrier=parcel["carrier"], tracking=parcel["tracking_number"])

    def _parcel(self) -> dict[str, str]:
        number = "".join(self._dice.choices("0123456789", k=14))
        return {"carrier": self._dice.choice(CARRIERS), "tracking_number": number}

    def _refund(self, payment: Payment, at: datetime) -> None:
        """Refund all, or in half of all cases a half."""
        in_full = self._dice.random() < 0.5
        amount = payment.amount if in_full else max(rounded(payment.amount / 2), Decimal("0.01"))
        done = {"refund_requested": amount, "refund_completed": amount}
        status = Order.RefundStatus.FULL if amount == payment.amount else Order.RefundStatus.PARTIAL
        self._set(refund_status=status, **done)
        payment.refund_requested = payment.refund_completed = amount
        if status == Order.RefundStatus.FULL:
            payment.status = Payment.Status.REFUNDED
        key = f"demo:{self.order.pk}"
        fields = {"payment": payment, "amount": amount, "currency": payment.currency, "created_at": at}
        refund = Refund(pk=ObjectId(), key=key, status=Refund.Status.REFUNDED, **fields)
        self.rows.append(refund)
        facts = {"refunded": as_json(amount), "amount": as_json(amount), "reason": "Returned"}
        self._audit("order.refund", at, facts, label=LABEL)
        self._mail("order_refunded", at, amount=str(amount), event=refund.pk)

    def _payment(self, status: Payment.Status, at: datetime) -> Payment:
        times = {"created_at": at, "checked_at": at, "expires_at": at + timedelta(hours=1)}
        amounts = {"amount": self.order.total, "currency": self.order.currency}
        return Payment(
            pk=ObjectId(), order=self.order, gateway="simulated", status=status, **amounts, **times
        )

    def _audit(self, action: str, at: datetime, after: dict[str, Any], label: str = "") -> None:
        entry = audit.entry(actor=None, label=label, action=action, obj=self.order, before={}, after=after)
        entry.at = at
        self.rows.append(entry)

    def _mail(self, kind: str, at: datetime, *, event: object = None, **facts: str) -> None:
        """Add a mail that counts as sent: no demo customer has a mailbox."""
        payload = {"order": str(self.order.pk), **facts}
        sent = {"status": OutboxMessage.Status.SENT, "attempts": 1, "next_attempt_at": at, "sent_at": at}
        key = f"{kind}:{event or self.order.pk}"
        self.rows.append(
            OutboxMessage(pk=ObjectId(), kind=kind, key=key, payload=payload, created_at=at, **sent)
        )

    def _soon_after(self, at: datetime) -> datetime:
        return min(at + timedelta(seconds=self._dice.randrange(20, 600)), self._now)

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self.order, name, value)
