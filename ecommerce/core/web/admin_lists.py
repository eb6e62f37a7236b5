"""Lists of the admin that stay fast with millions of rows, since an index serves each of their queries.

They count up to MOST rows, search by the beginning of a field, and sort only by columns with an index.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from ecommerce.core.db import count_text, count_up_to_most
from ecommerce.core.db.array_lookups import LAST

FILTER_SUFFIXES = ("__exact", "__isnull", "__gte", "__lt")  # what Django's filters of a field send


class RowCount(int):
    """A number of rows, which a template shows as `10,000+` if there are more than are counted."""

    def __str__(self) -> str:
        return count_text(int(self))


class BoundedPaginator(Paginator):
    """Pages of at most MOST rows; filters lead to the others."""

    @cached_property
    def count(self) -> RowCount:
        return RowCount(count_up_to_most(cast("QuerySet[Any]", self.object_list)))


class IndexedChangeList(ChangeList):
    """Sorts equal values in the direction of the chosen column, so that an index serves both directions."""

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[str]:
        ordering: list[str] = super().get_ordering(request, queryset)
        chosen = self.params.get("o", "")
        if not chosen or "." in chosen:  # several columns have each their own direction
            return ordering
        sign = "-" if ordering[0].startswith("-") else ""
        return [sign + field.lstrip("-") for field in ordering]


class IndexedList(ModelAdmin):
    """`search_prefixes` are the fields whose beginnings are searched, as they are typed."""

    paginator: "type[Paginator[Any]]" = BoundedPaginator
    show_full_result_count = False  # this would count the whole collection at each search
    search_prefixes: tuple[str, ...] = ()
    linked_lookups: tuple[str, ...] = ()  # sent by links of other pages of the admin

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return IndexedChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow only what the filters beside the list send, and `linked_lookups`.

        Django would filter by every field, so that staff could find out the beginning of a password's hash.
        """
        return lookup in self._filter_parameters(cast("HttpRequest", request))

    def _filter_parameters(self, request: HttpRequest) -> set[str]:
        filters = self.get_list_filter(request)
        fields = [each for each in filters if isinstance(each, str)]
        own = {*self.linked_lookups} | {
            cast("Any", each).parameter_name for each in filters if not isinstance(each, str)
        }
        return own | {f"{field}{suffix}" for field in fields for suffix in FILTER_SUFFIXES}

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Let Django show the search field."""
        searched = self.search_prefixes or super().get_search_fields(request)
        return searched or (["pk"] if self.search_help_text else [])

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip()
        if not self.search_prefixes:
            return super().get_search_results(request, queryset, search_term)
        return beginning_with(queryset, self.search_prefixes, text), False


def beginning_with(rows: Any, fields: Iterable[str], text: str) -> Any:
    """Filter by the beginning of the first of the fields that has any such row.

    One field at a time, because the embedded MongoDB has no index for an $or beside a filter.
    """
    for field in fields if text else ():
        found = rows.filter(**{f"{field}__gte": text, f"{field}__lt": text + LAST})
        if found.exists():
            return found
    return rows.none() if text else rows


def load_related(rows: list[Any], field: str) -> None:
    """Load what a foreign key of the rows refers to, in one query that uses the index of the primary key.

    `prefetch_related` compares within $expr on this backend, which no index serves.
    """
    if not rows:
        return
    model: type[Model] = rows[0]._meta.get_field(field).related_model
    related = model._default_manager.in_bulk({getattr(row, f"{field}_id") for row in rows})
    for row in rows:
        setattr(row, field, related.get(getattr(row, f"{field}_id")))
