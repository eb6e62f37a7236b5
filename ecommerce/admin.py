from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ecommerce import outbox
from ecommerce.lib.admin import ReadOnlyAdmin
from ecommerce.models import AuditEntry, OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """What was sent, what waits, and dead letters, which can be sent again. Nothing is edited."""

    list_display = ["created_at", "kind", "key", "status", "attempts", "next_attempt_at", "last_error"]
    list_filter = ["status", "kind"]
    ordering = ["-created_at", "-pk"]
    search_fields = ["key"]
    actions = ["send_again"]

    @admin.action(description="Send dead letters again", permissions=["view"])
    def send_again(self, request: HttpRequest, chosen: "QuerySet[OutboxMessage]") -> None:
        count = sum(outbox.resend(message) for message in chosen)
        messages.success(request, _("%(count)d will be sent again.") % {"count": count})


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, when. Nobody edits it."""

    list_display = ["at", "who", "action", "object_kind", "object_label", "before", "after"]
    list_filter = ["action", "object_kind", "at"]
    search_fields = ["actor", "object_label"]
    search_help_text = "Who, or what it was done to"
    ordering = ["-at", "-pk"]
    fields = ["at", "who", "action", "object_kind", "object_label", "object_id", "before", "after", "ip"]

    @admin.display(description="Who", ordering="actor")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor or "The shop"
