"""The number of products that each choice of a filter would show."""

import json
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count

from catalog import cache
from catalog.queries import ProductQuery, matching


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
    in_every_category = matching(replace(query, category=None)).rows.order_by()
    with_category = in_every_category.exclude(category=None).values_list("category")
    counts: dict[str, Any] = {
        "categories": dict(with_category.annotate(number=Count("pk"))),
        "in_every_category": in_every_category.count(),
        "in_stock": matching(replace(query, in_stock=True)).rows.count(),
    }
    return json.dumps(counts).encode()
