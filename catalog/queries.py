"""Reading products, for pages and the API. Every read comes through the cache."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from bson import ObjectId

from catalog import cache, search
from catalog.categories import counts_by_category
from catalog.models import Product, ProductQuerySet
from catalog.product_fields import product_as_dict
from catalog.search import misses
from catalog.search.base import Matches, Tiers
from catalog.types import ProductData
from ecommerce.core.db import count_up_to_most
from ecommerce.core.db.keyset import cursor_of, rows_after
from ecommerce.core.errors import DomainError, FieldError
from ecommerce.core.web.ratelimit import Allowance

# The id breaks ties in the direction of the index that serves the order.
SORTS = {
    "": ("product_id",),
    "name": ("name", "product_id"),
    "price": ("price", "product_id"),
    "-price": ("-price", "-product_id"),
    "newest": ("-created_at", "-product_id"),
}


class ProductNotFound(DomainError):
    message, code, status_code = "Product not found", "product_not_found", 404


@dataclass(frozen=True, kw_only=True)
class ProductQuery:
    """The filters, order and page of a product list, which only ever contains active products.

    `q` is a part of a name or category. With `fuzzy` it is a list of words, and the best matches come first.
    """

    q: str = ""
    fuzzy: bool = False
    category: str | None = None
    product_id: tuple[int, ...] | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool = False
    sort: str = ""
    skip: int = 0
    limit: int = 20
    after: str = ""  # the cursor behind which the page begins

    @property
    def key(self) -> str:
        """The key of its cache entry."""
        return cache.list_key(
            q=self.q,
            skip=self.skip,
            limit=self.limit,
            fuzzy=int(self.fuzzy) if self.fuzzy and self.q else None,
            category=self.category,
            product_id=",".join(map(str, self.product_id)) if self.product_id else None,
            min_price=self.min_price,
            max_price=self.max_price,
            in_stock=self.in_stock or None,
            sort=self.sort or None,
            after=self.after or None,
        )

    @property
    def is_unfiltered(self) -> bool:
        """Whether it selects every visible product, or those of a category."""
        filters = replace(self, sort="", skip=0, limit=0, after="")
        return filters == ProductQuery(category=self.category, limit=0)

    @property
    def is_rare(self) -> bool:
        """Whether a caller can choose among so many values that hardly two will ask for the same list."""
        has_price = self.min_price is not None or self.max_price is not None
        return bool(self.q or self.product_id or self.skip or self.after or has_price)

    @property
    def is_plain_search(self) -> bool:
        """Whether this is the first page of a search without filters."""
        plain = ProductQuery(q=self.q, fuzzy=self.fuzzy, limit=self.limit)
        return bool(self.q) and self == plain


@dataclass(frozen=True)
class ProductList:
    """One page of products as finished JSON."""

    json: bytes
    end: int | None  # the number of products on all pages if this is the last page
    next: str = ""  # the cursor of the next page, if there is one
    only_close: bool = False  # no exact match; the products differ from the search by a typo

    @property
    def products(self) -> list[ProductData]:
        return decode_products(self.json)


def list_products(query: ProductQuery, *, allowance: Allowance | None = None) -> ProductList:
    """Return the requested page. Raises RateLimited beyond the allowance."""
    stored = cache.read(query.key, lambda: _fill_list(query), is_rare=query.is_rare, allowance=allowance)
    head, body = stored.split(b"\n", 1)
    end, only_close, cursor = head.split(b" ")
    return ProductList(body, int(end) if end else None, cursor.decode(), only_close == b"1")


def total(query: ProductQuery, found: ProductList) -> int:
    """Return the number of products on all pages; MOST + 1 stands for more."""
    if found.end is not None:
        return found.end
    if query.is_unfiltered:
        counts = counts_by_category()
        return counts.get(query.category, 0) if query.category else sum(counts.values())
    filters = replace(query, sort="", skip=0, limit=0, after="")
    return int(cache.read(f"total:{filters.key}", lambda: _fill_total(filters), is_rare=filters.is_rare))


def first_products(query: ProductQuery) -> list[ProductData]:
    """Return the products of the requested page alone."""
    stored = cache.read(f"first:{query.key}", lambda: encode_products(_page(query, matching(query))))
    return decode_products(stored)


def product_json(slug: str, *, allowance: Allowance | None = None) -> bytes:
    """Return the active product with this slug as finished JSON. Raises ProductNotFound or RateLimited."""
    return cache.read(cache.slug_key(slug), lambda: _fill_product(slug), allowance=allowance)


def get_product(slug: str) -> ProductData:
    """Return the active product with this slug. Raises ProductNotFound."""
    return cast(ProductData, decode(product_json(slug)))


def find_product(product_id: int) -> ProductData | None:
    """Return the active product with this `product_id`, or None."""
    _, key = product_entry(product_id)
    return cast(ProductData | None, decode(cache.read(key, lambda: _fill_product_by_id(product_id))))


def product_entry(product_id: int) -> tuple[str, str]:
    """Return the name of the cache entry that `find_product` reads."""
    return cache.NAMESPACE, f"number:{product_id}"


def matching(query: ProductQuery) -> Matches:
    """Return the products that the query selects, before its page is cut out, straight from the database."""
    matches = search_matches(query)
    return replace(matches, rows=filtered(matches.rows, query))


def encode(value: object) -> bytes:
    """Return compact JSON, as the API sends it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encode_products(products: Iterable[Product]) -> bytes:
    return encode([product_as_dict(product) for product in products])


def decode(text: bytes) -> Any:
    """Return what `encode` stored, with prices as Decimals."""
    return json.loads(text, parse_float=Decimal)


def decode_products(text: bytes) -> list[ProductData]:
    return cast(list[ProductData], decode(text))


def _fill_list(query: ProductQuery) -> bytes:
    matches = matching(query)
    page = _page(query, matches)
    if not page and query.is_plain_search:
        misses.record(query.q)
    end, following = _end(query, page), _cursor(query, matches, page)
    return b"%s %d %s\n%s" % (end, matches.only_close, following.encode(), encode_products(page))


def _fill_total(query: ProductQuery) -> bytes:
    return b"%d" % count_up_to_most(matching(query).rows)


def _end(query: ProductQuery, page: list[Product]) -> bytes:
    """Return the number of products up to the end of the last page, or nothing if it may not be the last."""
    is_last = len(page) < query.limit and (page or not query.skip) and not query.after
    return b"%d" % (query.skip + len(page)) if is_last else b""


def _page(query: ProductQuery, matches: Matches) -> list[Product]:
    order = SORTS[query.sort] if query.sort else matches.order
    rows = matches.rows.defer("search_terms")
    if query.after:
        return rows_after(rows, _keys(order), query.after, query.limit)
    return list(rows.order_by(*order)[query.skip : query.skip + query.limit])


def _cursor(query: ProductQuery, matches: Matches, page: list[Product]) -> str:
    """Return the cursor of the next page, or an empty text for the last page and a list by relevance."""
    order = SORTS[query.sort] if query.sort else matches.order
    is_last = len(page) < query.limit
    return "" if is_last or _is_by_relevance(order) else cursor_of(page[-1], order)


def _keys(order: tuple[Any, ...]) -> tuple[str, ...]:
    if _is_by_relevance(order):
        raise FieldError("after", "A search by relevance has no cursor. Choose a sort order.")
    return order


def _is_by_relevance(order: tuple[Any, ...]) -> bool:
    return not all(isinstance(key, str) for key in order)


def search_matches(query: ProductQuery) -> Matches:
    """Return the visible products that match the text of the query, whatever its filters."""
    rows = Product.objects.visible()
    if not query.q:
        return Matches(rows, SORTS[""])
    if query.fuzzy:
        return search.backend().fuzzy(rows, query.q, _tiers(query.q))
    return Matches(search.backend().literal(rows, query.q), SORTS[""])


def _tiers(text: str) -> Tiers:
    """Return the tiers of a search among all visible products, once for all its filters, orders and pages."""

    def fill() -> bytes:
        tiers = search.backend().tiers(Product.objects.visible(), text)
        return encode({distance: [str(pk) for pk in pks] for distance, pks in tiers.items()})

    stored = decode(cache.read(cache.tiers_key(text), fill, shows_stock=False, is_rare=True))
    return {int(distance): [ObjectId(pk) for pk in pks] for distance, pks in stored.items()}


def filtered(rows: ProductQuerySet, query: ProductQuery) -> ProductQuerySet:
    """Return those of the rows that the filters of the query select."""
    if query.category is not None:
        rows = rows.filter(category=query.category)
    if query.product_id is not None:
        rows = rows.filter(product_id__in=query.product_id)
    if query.min_price is not None:
        rows = rows.filter(price__gte=query.min_price)
    if query.max_price is not None:
        rows = rows.filter(price__lte=query.max_price)
    return rows.filter(inventory__gt=0) if query.in_stock else rows


def _fill_product(slug: str) -> bytes:
    product = Product.objects.visible().filter(slug=slug).first()
    if product is None:
        raise ProductNotFound
    return encode(product_as_dict(product))


def _fill_product_by_id(product_id: int) -> bytes:
    product = Product.objects.visible().filter(product_id=product_id).first()
    return encode(product_as_dict(product) if product else None)
