"""What pages show beside a list: how many each filter would leave, and products to suggest."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from bson import ObjectId
from django.db.models import Count

from catalog import cache, services
from catalog.models import Demand, Product
from catalog.recommendations.demand import ORDERS_NEEDED
from catalog.services import ProductQuery, list_products

SUGGESTIONS = 4
BEST_SELLERS_KEPT = 24  # more than any page shows
LOOKED_AT = 100  # newest, most often bought: of these come the suggestions


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
    return best_sellers(limit) or newest_products(limit)


def best_sellers(limit: int) -> list[dict[str, Any]]:
    """What is in the most orders of late and can be bought. Nothing unless there are so many of them."""
    stored = services.decoded(cache.read("bestsellers", _fill_best_sellers, None))
    return list(stored[:limit]) if len(stored) >= limit else []


def newest_products(limit: int) -> list[dict[str, Any]]:
    """The newest that can be bought, one of each category in turn."""
    newest = list_products(ProductQuery(in_stock=True, sort="newest", limit=LOOKED_AT)).products
    by_category = defaultdict(list)
    for product in newest:
        by_category[product["category"]].append(product)
    in_turn = chain.from_iterable(zip_longest(*by_category.values()))
    return [product for product in in_turn if product][:limit]


def product_numbered(number: int) -> dict[str, Any] | None:
    """The active product with this `product_id`."""
    found = services.decoded(cache.read(f"number:{number}", lambda: _fill_numbered(number), None))
    return dict(found) if found else None


def bought_together(product: dict[str, Any]) -> list[dict[str, Any]]:
    """What several orders had beside it and can be bought; the most often first."""
    key = f"together:{product['id']}"
    return list(services.decoded(cache.read(key, lambda: _fill_together(product["id"]), None)))


def related_products(product: dict[str, Any], shown: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """Others of its category that can be bought, or else popular ones; none that is shown already."""
    limit = SUGGESTIONS + 1 + len(shown)
    query = ProductQuery(category=product["category"], in_stock=True, limit=limit)
    same = without(list_products(query).products if product["category"] else [], [product])
    return without(same or without(popular_products(limit), [product]), shown)[:SUGGESTIONS]


def without(products: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {other["id"] for other in others}
    return [product for product in products if product["id"] not in known]


def _fill_numbered(number: int) -> bytes:
    product = Product.objects.visible().filter(product_id=number).first()
    return services.encoded(product.as_dict() if product else None)


def _fill_best_sellers() -> bytes:
    often = Demand.objects.filter(orders__gte=ORDERS_NEEDED).order_by("-orders", "product")
    return _encoded_in_stock(list(often.values_list("pk", flat=True)[:LOOKED_AT]), BEST_SELLERS_KEPT)


def _fill_together(pk: str) -> bytes:
    demand = Demand.objects.filter(pk=pk).first()
    return _encoded_in_stock(demand.together if demand else [], SUGGESTIONS)


def _encoded_in_stock(pks: Sequence[ObjectId], limit: int) -> bytes:
    """In this order."""
    rows = Product.objects.visible().filter(pk__in=pks, inventory__gt=0).defer("search_terms") if pks else []
    found = {row.pk: row for row in rows}
    return services.encoded([found[pk].as_dict() for pk in pks if pk in found][:limit])


def _fill_counts(query: ProductQuery) -> bytes:
    anywhere = services.matching(replace(query, category=None)).rows.order_by()
    named = anywhere.exclude(category=None).values_list("category")
    counts = {
        "categories": dict(named.annotate(number=Count("pk"))),
        "in_every_category": anywhere.count(),
        "in_stock": services.matching(replace(query, in_stock=True)).rows.count(),
    }
    return json.dumps(counts).encode()
