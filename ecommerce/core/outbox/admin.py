from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ecommerce.core import outbox
from ecommerce.core.models import OutboxMessage
from ecommerce.core.web.admin import ReadOnlyAdmin


class KindFilter(admin.SimpleListFilter):
    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind.replace("_", " ")) for kind in sorted(outbox.handlers)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """Messages that were sent, that wait, and dead letters, which can be sent again."""

    list_display = ["created_at", "kind", "key", "status", "attempts", "next_attempt_at", "last_error"]
    list_filter = ["status", KindFilter]
    ordering = ["-created_at", "-pk"]
    search_prefixes = ("key",)
    search_help_text = "Beginning of the key, such as order_confirmed:"
    actions = ["send_again"]

    @admin.action(description="Send dead letters again", permissions=["view"])
    def send_again(self, request: HttpRequest, chosen: "QuerySet[OutboxMessage]") -> None:
        count = sum(outbox.resend(message) for message in chosen)
        messages.success(request, _("%(count)d will be sent again.") % {"count": count})
