"""The outbox, the budgets of mails, and the audit log."""

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import ArrayField, ObjectIdField


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def due(self) -> "OutboxQuerySet":
        return self.filter(status=OutboxMessage.Status.PENDING, next_attempt_at__lte=timezone.now())


class OutboxMessage(models.Model):
    """Work outside of MongoDB, such as a mail, written in the transaction of the change that causes it."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        DEAD = "dead"

    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=200, unique=True)  # identifies the event, so that it is queued once
    payload = models.JSONField(default=dict)  # ids and facts of the event, no content
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    # While a worker delivers it, this is the end of its lease: then another worker may take over.
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
            models.Index(fields=["status", "-created_at", "-id"], name="outbox_by_status"),
            models.Index(fields=["kind", "-created_at", "-id"], name="outbox_by_kind"),
        ]

    def __str__(self) -> str:
        return self.key


class MailBudget(models.Model):
    """When the last five mails of one kind went to one mailbox (`ecommerce.core.outbox.mail_budget`)."""

    key = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the kind and the mailbox
    sent = ArrayField(models.DateTimeField(), size=5)  # the latest last; 1970 for those that were not sent
    updated_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "mail_budgets"
        indexes = [models.Index(fields=["key"], name="mail_budgets_key")]

    def __str__(self) -> str:
        return self.key


class AppendOnly(models.QuerySet["AuditEntry"]):
    """Refuses to change or delete rows."""

    def update(self, **fields: Any) -> NoReturn:
        raise NotEditable

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        raise NotEditable

    def delete(self) -> NoReturn:
        raise NotEditable


class NotEditable(TypeError):
    def __init__(self) -> None:
        super().__init__("Entries of the audit log are written once, and neither changed nor deleted.")


class AuditEntry(models.Model):
    """A change: its time, actor and object, and the values before and after.

    Only `ecommerce.core.audit.log` writes entries, and they are never edited. The labels are stored as text,
    so an entry stays readable after its account or object is deleted.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor_id = ObjectIdField(null=True)  # an account or a service key; None for the shop itself
    actor = models.CharField(max_length=254, default="", blank=True)
    by_staff = models.BooleanField(default=False)  # the actor had a role then, so their name stays for good
    action = models.CharField(max_length=50)
    object_kind = models.CharField(max_length=50)
    object_id = models.CharField(max_length=50)
    object_label = models.CharField(max_length=200)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)  # None in commands and workers

    objects = AppendOnly.as_manager()

    class Meta:
        db_table = "audit_entries"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_kind", "object_id", "at"], name="audit_of_object"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["actor_id", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["object_kind", "-at", "-id"], name="audit_by_kind"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_by_actor_name"),
            models.Index(fields=["object_label", "-at", "-id"], name="audit_by_object_name"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"

    def save(self, *args: Any, **options: Any) -> None:
        """Insert the entry. A second save is refused by the primary key."""
        super().save(*args, **{**options, "force_insert": True})

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise NotEditable
