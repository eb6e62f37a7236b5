from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from ecommerce.core.audit import export
from ecommerce.core.db import collection, object_id
from ecommerce.core.models import AuditEntry
from ecommerce.core.web.admin import ExportedList, ReadOnlyAdmin


class DistinctFilter(admin.SimpleListFilter):
    """Offers every value, read from an index. Django's own filter would read the whole log for them."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        values = collection(AuditEntry).distinct(self.parameter_name)
        return [(value, value.replace("_", " ")) for value in sorted(values)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ActionFilter(DistinctFilter):
    title = parameter_name = "action"


class KindFilter(DistinctFilter):
    title, parameter_name = "kind of object", "object_kind"


@admin.register(AuditEntry)
class AuditEntryAdmin(ExportedList, ReadOnlyAdmin):
    """The audit log, read-only."""

    list_display = ["at", "who", "action", "object_kind", "object_label", "changes", "ip"]
    linked_lookups = ("object_id",)  # from the pages of products and orders
    list_filter = [ActionFilter, KindFilter, "at"]
    search_prefixes = ("actor", "object_label")
    search_help_text = "The actor or the object: the beginning of its name as it is written, or its ObjectId"
    ordering = ["-at", "-pk"]
    fields = ["at", "who", "action", "object_kind", "object_label", "object_id", "before", "after", "ip"]

    @admin.display(description="Who", ordering="actor")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor or "The shop"

    @admin.display(description="From → to")
    def changes(self, entry: AuditEntry) -> str:
        names = [*entry.before, *(name for name in entry.after if name not in entry.before)]
        return ", ".join(
            f"{name}: {_short(entry.before, name)} → {_short(entry.after, name)}" for name in names
        )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if pk := object_id(search_term.strip()):
            return queryset.filter(Q(actor_id=pk) | Q(object_id=str(pk))), False
        return super().get_search_results(request, queryset, search_term)

    def csv_lines(self, rows: Any) -> Iterator[str]:
        return export.lines(rows)


def _short(facts: dict[str, Any], name: str) -> str:
    text = "–" if facts.get(name) is None else str(facts[name])
    return text if len(text) <= 40 else f"{text[:39]}…"
