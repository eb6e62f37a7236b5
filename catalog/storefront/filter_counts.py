"""The number of products that each choice of a filter would show."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from catalog import cache
from catalog.categories import counts_by_category
from catalog.models import ProductQuerySet
from catalog.queries import ProductQuery, filtered, search_matches
from ecommerce.core.db import MOST, count_up_to_most
from ecommerce.core.db.counting import aggregate


@dataclass(frozen=True)
class FilterCounts:
    """Numbers of products by choice, with all other filters left as they are; MOST + 1 stands for more."""

    categories: dict[str, int] | None  # None if there are too many products to tell their categories
    in_every_category: int
    in_stock: int
    selected: int | None = None  # by all filters; None if that was not counted


def filter_counts(query: ProductQuery) -> FilterCounts:
    """Return the counts for a list, whatever its order and page."""
    filters = replace(query, sort="", skip=0, limit=0)
    stored = cache.read(f"counts:{filters.key}", lambda: _fill(filters), is_rare=filters.is_rare)
    return FilterCounts(**json.loads(stored))


def _fill(query: ProductQuery) -> bytes:
    by_category = counts_by_category()
    if replace(query, category=None).is_unfiltered:
        counts = FilterCounts(_named(by_category), sum(by_category.values()), _number_in_stock(query))
    elif replace(query, category=None, in_stock=False).is_unfiltered and sum(by_category.values()) > MOST:
        counts = _counts_of_too_many(query)
    else:
        counts = _counts_of_filtered(query)
    return json.dumps(asdict(counts)).encode()


def _counts_of_filtered(query: ProductQuery) -> FilterCounts:
    """Count the products that the other filters select by category and stock, if they are not too many."""
    found = filtered(search_matches(query).rows, replace(query, category=None, in_stock=False))
    groups = _groups(found)
    if sum(number for _, _, number in groups) > MOST:
        return _counts_of_too_many(query)
    by_category = Counter[str | None]()
    for category, stocked, number in groups:
        by_category[category] += number if stocked or not query.in_stock else 0
    in_stock = sum(n for category, stocked, n in groups if stocked and query.category in (None, category))
    selected = by_category.total() if query.category is None else by_category[query.category]
    return FilterCounts(_named(by_category), by_category.total(), in_stock, selected)


def _groups(rows: ProductQuerySet) -> list[tuple[str | None, bool, int]]:
    """Return categories, whether in stock, and the number of such products; together MOST + 1 at most."""
    by = {"category": "$category", "in_stock": {"$gt": ["$inventory", 0]}}
    found = aggregate(rows, [{"$limit": MOST + 1}, {"$group": {"_id": by, "number": {"$sum": 1}}}])
    return [(row["_id"].get("category"), row["_id"]["in_stock"], row["number"]) for row in found]


def _counts_of_too_many(query: ProductQuery) -> FilterCounts:
    in_stock = _number_in_stock(query)
    return FilterCounts(None, MOST + 1, in_stock, in_stock if query.in_stock else None)


def _number_in_stock(query: ProductQuery) -> int:
    return count_up_to_most(filtered(search_matches(query).rows, replace(query, in_stock=True)))


def _named(by_category: Mapping[str | None, int]) -> dict[str, int]:
    return {name: number for name, number in by_category.items() if name is not None}
