from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import ObjectIdField

from ecommerce.core.text.money import as_json
from ecommerce.core.text.times import as_json as time_as_json
from orders.models import Order

ZERO = Decimal("0.00")


class PaymentQuerySet(models.QuerySet["Payment"]):
    def unsettled(self) -> "PaymentQuerySet":
        """Return payments without a final state, least recently checked first."""
        return self.filter(status=Payment.Status.INITIATED).order_by("checked_at")

    def not_checked_since(self, moment: datetime) -> "PaymentQuerySet":
        return self.filter(checked_at__lte=moment)

    def expired(self, now: datetime) -> "PaymentQuerySet":
        return self.filter(expires_at__lte=now)


class Payment(models.Model):
    """One attempt to pay one order. The row and the hold on stock exist before the provider is called."""

    class Status(models.TextChoices):
        INITIATED = "initiated"
        CAPTURED = "captured"
        FAILED = "failed"
        CANCELED = "canceled"
        REFUND_DUE = "refund_due"
        REFUNDED = "refunded"

    order_id: ObjectId
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments", db_index=False)
    gateway = models.CharField(max_length=20)
    status = models.CharField(max_length=20, choices=Status, default=Status.INITIATED)
    reason = models.CharField(max_length=300, default="", blank=True)  # why the money is refunded
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    # The amount the provider collected, which may differ from `amount`; 0 until the payment is settled.
    received = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    received_currency = models.CharField(max_length=3, default="", blank=True)
    # The sum of all refunds, and of those that the provider has completed.
    refund_requested = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    refund_completed = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    paid_order = models.BooleanField(default=False)  # whether this payment made the order paid
    held = models.BooleanField(default=False)  # whether the order's items are on hold for it
    held_seconds = models.PositiveIntegerField(default=0)  # how long they were, once that has ended
    # Who started it, while it is open: the limits of `payments.open_payments` count by both.
    buyer = models.CharField(max_length=80, default="", blank=True)
    network = models.CharField(max_length=50, default="", blank=True)
    reference = models.CharField(max_length=200, default="", blank=True)  # the provider's id of the session
    charge = models.CharField(max_length=200, default="", blank=True)  # the provider's id of the charge
    redirect_url = models.CharField(max_length=2000, default="", blank=True)
    # Stored, because a repeated request to the provider must be identical to the first.
    return_url = models.CharField(max_length=500, default="", blank=True)
    cancel_url = models.CharField(max_length=500, default="", blank=True)
    expires_at = models.DateTimeField()
    checked_at = models.DateTimeField(default=timezone.now)  # when the provider was last asked
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        db_table = "payments"
        indexes = [
            models.Index(fields=["order", "-created_at"], name="payments_of_order"),
            models.Index(fields=["status", "checked_at"], name="payments_by_status"),
            models.Index(fields=["status", "-created_at", "-id"], name="payments_of_status"),
            models.Index(fields=["-created_at", "-id"], name="payments_newest"),
            models.Index(fields=["gateway", "-created_at", "-id"], name="payments_by_gateway"),
            models.Index(fields=["reference"], name="payments_reference"),
            models.Index(fields=["buyer"], name="payments_open_of_buyer"),
            models.Index(fields=["network"], name="payments_open_of_network"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.pk} {self.status}"

    def as_dict(self) -> dict[str, Any]:
        """Return the payment as the API shows it, ready for JSON."""
        return {
            "payment_id": str(self.pk),
            "order_id": str(self.order_id),
            "gateway": self.gateway,
            "status": self.status,
            "amount": as_json(self.amount),
            "currency": self.currency,
            "redirect_url": self.redirect_url if self.status == self.Status.INITIATED else None,
            "created_at": time_as_json(self.created_at),
        }


S = Payment.Status
TRANSITIONS: dict[str, frozenset[str]] = {
    S.INITIATED: frozenset({S.CAPTURED, S.FAILED, S.CANCELED, S.REFUND_DUE}),
    # A provider may report a success after it has reported the end of the session.
    S.FAILED: frozenset({S.CAPTURED, S.REFUND_DUE}),
    S.CANCELED: frozenset({S.CAPTURED, S.REFUND_DUE}),
    S.CAPTURED: frozenset({S.REFUND_DUE}),
    S.REFUND_DUE: frozenset({S.REFUNDED}),
    S.REFUNDED: frozenset(),
}
TAKEN = (S.CAPTURED, S.REFUND_DUE, S.REFUNDED)  # the provider's money is recorded


class PaymentStart(models.Model):
    """An Idempotency-Key and the payment that was returned for it, newly created or already open."""

    owner = models.CharField(max_length=24)  # the id of the user, or of the order if a guest placed it
    key = models.CharField(max_length=200)
    payment = ObjectIdField()
    order = ObjectIdField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "payment_starts"
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="payment_starts_one_per_key")]
        indexes = [
            models.Index(fields=["owner", "key"], name="payment_starts_by_key"),
            models.Index(fields=["order"], name="payment_starts_of_order"),
            models.Index(fields=["created_at"], name="payment_starts_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"


class Payer(models.Model):
    """A buyer or a network that has started payments; see `payments.open_payments`. Deleted after a day."""

    key = models.CharField(max_length=100, primary_key=True, db_column="_id")
    starts = models.PositiveIntegerField()
    last_start = models.DateTimeField()

    class Meta:
        db_table = "payers"
        indexes = [models.Index(fields=["last_start"], name="payers_by_age")]

    def __str__(self) -> str:
        return self.key


class RefundQuerySet(models.QuerySet["Refund"]):
    def outstanding(self) -> "RefundQuerySet":
        """Return refunds that are not yet completed or failed, oldest first."""
        return self.filter(status__in=[Refund.Status.DUE, Refund.Status.REFUNDING]).order_by("created_at")


class Refund(models.Model):
    """Money to return to the customer. The outbox and the reconciler send it to the provider."""

    class Status(models.TextChoices):
        DUE = "due"
        REFUNDING = "refunding"
        REFUNDED = "refunded"
        FAILED = "failed"  # final at the provider: a staff member has to act

    key = models.CharField(max_length=250, unique=True)
    payment_id: ObjectId
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, db_index=False)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300, default="", blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.DUE)
    failures = models.PositiveIntegerField(default=0)  # failed attempts so far
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RefundQuerySet.as_manager()

    class Meta:
        db_table = "refunds"
        indexes = [
            models.Index(fields=["key"], name="refunds_key"),
            models.Index(fields=["payment"], name="refunds_of_payment"),
            models.Index(fields=["status", "created_at", "id"], name="refunds_in_order"),
            models.Index(fields=["-created_at", "-id"], name="refunds_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.status}"

    @property
    def attempt_id(self) -> str:
        """Return the key by which the provider knows this attempt; each retry after a failure has its own."""
        return f"{self.pk}-{self.failures}" if self.failures else str(self.pk)


REFUND_TRANSITIONS: dict[str, frozenset[str]] = {
    Refund.Status.DUE: frozenset({Refund.Status.REFUNDING}),
    Refund.Status.REFUNDING: frozenset({Refund.Status.REFUNDED, Refund.Status.FAILED}),
    Refund.Status.REFUNDED: frozenset(),
    Refund.Status.FAILED: frozenset({Refund.Status.DUE}),  # a staff member retries it
}


class WebhookEvent(models.Model):
    """A processed webhook event, so that repeated deliveries are skipped."""

    gateway = models.CharField(max_length=20)
    event = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "webhook_events"
        constraints = [models.UniqueConstraint(fields=["gateway", "event"], name="webhook_events_once")]
        indexes = [
            models.Index(fields=["gateway", "event"], name="webhook_events_by_id"),
            models.Index(fields=["created_at"], name="webhook_events_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event}"
