"""What pages show beside a list: how many each filter would leave, and products to suggest."""

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from django.db.models import Count

from catalog import cache, services
from catalog.services import ProductQuery, list_products

SUGGESTIONS = 4
NEWEST_LOOKED_AT = 100


@dataclass(frozen=True)
class FilterCounts:
    """How many products each choice of a filter would show, the other filters as they are."""

    categories: dict[str, int]
    in_every_category: int
    in_stock: int


def filter_counts(query: ProductQuery) -> FilterCounts:
    asked = replace(query, sort="", skip=0, limit=0)
    return FilterCounts(**json.loads(cache.read(f"counts:{asked.key}", lambda: _fill_counts(asked), None)))


def popular_products(limit: int) -> list[dict[str, Any]]:
    """The newest that can be bought, one of each category in turn.

    Sales are no measure yet: counting them on every change of stock would cost more than it tells.
    """
    newest = list_products(ProductQuery(in_stock=True, sort="newest", limit=NEWEST_LOOKED_AT)).products
    by_category = defaultdict(list)
    for product in newest:
        by_category[product["category"]].append(product)
    in_turn = chain.from_iterable(zip_longest(*by_category.values()))
    return [product for product in in_turn if product][:limit]


def related_products(product: dict[str, Any]) -> list[dict[str, Any]]:
    """Others of its category that can be bought; without any, popular ones."""
    query = ProductQuery(category=product["category"], in_stock=True, limit=SUGGESTIONS + 1)
    same = list_products(query).products if product["category"] else []
    others = [other for other in same if other["id"] != product["id"]]
    return (others or _without(product, popular_products(SUGGESTIONS + 1)))[:SUGGESTIONS]


def _without(product: dict[str, Any], products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [other for other in products if other["id"] != product["id"]]


def _fill_counts(query: ProductQuery) -> bytes:
    anywhere = services.matching(replace(query, category=None)).rows.order_by()
    named = anywhere.exclude(category=None).values_list("category")
    counts = {
        "categories": dict(named.annotate(number=Count("pk"))),
        "in_every_category": anywhere.count(),
        "in_stock": services.matching(replace(query, in_stock=True)).rows.count(),
    }
    return json.dumps(counts).encode()
