"""What every app needs below it: the outbox."""

from django.db import models
from django.utils import timezone


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def due(self) -> "OutboxQuerySet":
        return self.filter(status=OutboxMessage.Status.PENDING, next_attempt_at__lte=timezone.now())


class OutboxMessage(models.Model):
    """Something that must happen outside of MongoDB, such as a mail: written with the change it tells of."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        DEAD = "dead"

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=200, unique=True)  # of the event: it is queued once
    payload = models.JSONField(default=dict)  # ids and facts of the event, no content
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    # While a worker is at it, this is the end of its lease: then another one takes over.
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_by = models.CharField(max_length=32, default="", blank=True)
    last_error = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        db_table = "outbox"
        indexes = [
            models.Index(fields=["key"], name="outbox_key"),
            models.Index(fields=["status", "next_attempt_at"], name="outbox_due"),
            models.Index(fields=["-created_at", "-id"], name="outbox_newest"),
        ]

    def __str__(self) -> str:
        return self.key
