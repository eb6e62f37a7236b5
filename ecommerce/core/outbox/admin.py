from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ecommerce.core import outbox
from ecommerce.core.models import OutboxMessage
from ecommerce.core.web.admin import ReadOnlyAdmin


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """Messages that were sent, that wait, and dead letters, which can be sent again."""

    list_display = ["created_at", "kind", "key", "status", "attempts", "next_attempt_at", "last_error"]
    list_filter = ["status", "kind"]
    ordering = ["-created_at", "-pk"]
    search_fields = ["key"]
    actions = ["send_again"]

    @admin.action(description="Send dead letters again", permissions=["view"])
    def send_again(self, request: HttpRequest, chosen: "QuerySet[OutboxMessage]") -> None:
        count = sum(outbox.resend(message) for message in chosen)
        messages.success(request, _("%(count)d will be sent again.") % {"count": count})
