"""The number of products that each choice of a filter would show."""

import json
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count

from catalog import cache
from catalog.categories import counts_by_category
from catalog.models import ProductQuerySet
from catalog.queries import ProductQuery, filtered, search_matches


@dataclass(frozen=True)
class FilterCounts:
    """Numbers of products by choice, with all other filters left as they are."""

    categories: dict[str, int]
    in_every_category: int
    in_stock: int


def filter_counts(query: ProductQuery) -> FilterCounts:
    """Return the counts for a list, whatever its order and page."""
    filters = replace(query, sort="", skip=0, limit=0)
    return FilterCounts(**json.loads(cache.read(f"counts:{filters.key}", lambda: _fill(filters))))


def _fill(query: ProductQuery) -> bytes:
    found = search_matches(query).rows.order_by()
    by_category = _by_category(found, replace(query, category=None))
    counts: dict[str, Any] = {
        "in_every_category": sum(by_category.values()),
        "categories": {name: number for name, number in by_category.items() if name is not None},
        "in_stock": filtered(found, replace(query, in_stock=True)).count(),
    }
    return json.dumps(counts).encode()


def _by_category(found: ProductQuerySet, query: ProductQuery) -> dict[str | None, int]:
    if query.is_unfiltered:
        return counts_by_category()
    return dict(filtered(found, query).values_list("category").annotate(number=Count("pk")))
