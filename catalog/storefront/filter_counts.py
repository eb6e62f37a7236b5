"""The number of products that each choice of a filter would show."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace

from catalog import cache
from catalog.categories import counts_by_category
from catalog.queries import ProductQuery, filtered, search_matches
from ecommerce.core.db import MOST, count_up_to_most


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
    return FilterCounts(**json.loads(cache.read(f"counts:{filters.key}", lambda: _fill(filters))))


def _fill(query: ProductQuery) -> bytes:
    if replace(query, category=None).is_unfiltered:
        by_category = counts_by_category()
        counts = FilterCounts(_named(by_category), sum(by_category.values()), _number_in_stock(query))
    else:
        counts = _counts_of_filtered(query)
    return json.dumps(asdict(counts)).encode()


def _counts_of_filtered(query: ProductQuery) -> FilterCounts:
    """Count the products that the other filters select by category and stock, if they are not too many."""
    found = filtered(search_matches(query).rows, replace(query, category=None, in_stock=False))
    rows = list(found.order_by().values_list("category", "inventory")[: MOST + 1])
    if len(rows) > MOST:
        return FilterCounts(None, MOST + 1, _number_in_stock(query))
    by_category = Counter(category for category, stock in rows if stock > 0 or not query.in_stock)
    in_stock = sum(stock > 0 and query.category in (None, category) for category, stock in rows)
    selected = by_category.total() if query.category is None else by_category[query.category]
    return FilterCounts(_named(by_category), by_category.total(), in_stock, selected)


def _number_in_stock(query: ProductQuery) -> int:
    return count_up_to_most(filtered(search_matches(query).rows, replace(query, in_stock=True)))


def _named(by_category: dict[str | None, int]) -> dict[str, int]:
    return {name: number for name, number in by_category.items() if name is not None}
