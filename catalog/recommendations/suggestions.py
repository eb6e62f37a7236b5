"""Products that pages suggest: best sellers, new ones, related ones, and those often bought together."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest

from bson import ObjectId

from catalog import cache
from catalog.models import Demand, Product
from catalog.queries import ProductQuery, decode_products, encode_products, first_products
from catalog.recommendations.demand import ORDERS_NEEDED
from catalog.types import ProductData

SUGGESTIONS = 4
BEST_SELLERS_KEPT = 24  # more than any page shows
CANDIDATES = 100  # the newest or the most often bought products, from which the suggestions are taken


def popular_products(limit: int) -> list[ProductData]:
    """Return the best sellers, or the newest products while there are too few of those."""
    return best_sellers(limit) or newest_products(limit)


def best_sellers(limit: int) -> list[ProductData]:
    """Return the available products that are in the most recent orders; none if fewer than `limit` are."""
    stored = decode_products(cache.read("bestsellers", _fill_best_sellers))
    return stored[:limit] if len(stored) >= limit else []


def newest_products(limit: int) -> list[ProductData]:
    """Return the newest available products, one of each category in turn."""
    by_category = defaultdict(list)
    for product in first_products(ProductQuery(in_stock=True, sort="newest", limit=CANDIDATES)):
        by_category[product["category"]].append(product)
    in_turn = chain.from_iterable(zip_longest(*by_category.values()))
    return [product for product in in_turn if product][:limit]


def bought_together(product: ProductData) -> list[ProductData]:
    """Return the available products that several orders had besides this one, the most frequent first."""
    pk = product["id"]
    return decode_products(cache.read(f"together:{pk}", lambda: _fill_together(pk)))


def related_products(product: ProductData, *, exclude: Sequence[ProductData] = ()) -> list[ProductData]:
    """Return other available products of its category, or popular ones if there are none."""
    limit = SUGGESTIONS + 1 + len(exclude)
    others = without(_of_category(product["category"], limit), exclude=[product])
    if not others:
        others = without(popular_products(limit), exclude=[product])
    return without(others, exclude=exclude)[:SUGGESTIONS]


def without(products: Sequence[ProductData], *, exclude: Sequence[ProductData]) -> list[ProductData]:
    """Return the products that are not among the excluded ones."""
    excluded = {product["id"] for product in exclude}
    return [product for product in products if product["id"] not in excluded]


def _of_category(category: str | None, limit: int) -> list[ProductData]:
    if not category:
        return []
    return first_products(ProductQuery(category=category, in_stock=True, limit=limit))


def _fill_best_sellers() -> bytes:
    in_demand = Demand.objects.filter(orders__gte=ORDERS_NEEDED).order_by("-orders", "product")
    pks = list(in_demand.values_list("pk", flat=True)[:CANDIDATES])
    return encode_products(_available(pks)[:BEST_SELLERS_KEPT])


def _fill_together(pk: str) -> bytes:
    demand = Demand.objects.filter(pk=pk).first()
    return encode_products(_available(demand.together if demand else [])[:SUGGESTIONS])


def _available(pks: Sequence[ObjectId]) -> list[Product]:
    """Return the visible products in stock, in the given order."""
    if not pks:
        return []
    rows = Product.objects.visible().filter(pk__in=pks, inventory__gt=0).defer("search_terms")
    by_pk = {row.pk: row for row in rows}
    return [by_pk[pk] for pk in pks if pk in by_pk]
