"""Use cases of the catalog. Reads come through the cache; changes invalidate it after the commit."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.db import IntegrityError

from catalog import cache, former_slugs, history, search, stock
from catalog.categories import ensure_category
from catalog.history import Actor
from catalog.images.addresses import as_stored
from catalog.models import MAX_PRODUCT_ID, Counter, Product, ProductQuerySet
from catalog.search import indexing, misses
from catalog.search.base import Matches
from ecommerce.core import audit
from ecommerce.core.db import collection, object_id, on_commit, run_tx
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


class SlugTaken(FieldError):
    code = "slug_taken"

    def __init__(self) -> None:
        super().__init__("slug", "Slug already exists")


class ProductIdTaken(FieldError):
    code = "product_id_taken"

    def __init__(self) -> None:
        super().__init__("product_id", "Product ID already exists")


class NoFreeProductId(FieldError):
    code = "no_free_product_id"

    def __init__(self) -> None:
        super().__init__("product_id", "The highest product ID is in use: give one that is free.")


@dataclass(frozen=True, kw_only=True)
class ProductQuery:
    """What a list shows; only active products, whatever is asked.

    `q` is a part of a name or category; with `fuzzy` it is words, in the order of how well they match.
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

    @property
    def key(self) -> str:
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
        )

    @property
    def is_plain_search(self) -> bool:
        """The first page of a search without a filter."""
        plain = ProductQuery(q=self.q, fuzzy=self.fuzzy, limit=self.limit)
        return bool(self.q) and self == plain


@dataclass(frozen=True)
class ProductList:
    """One page of products as finished JSON, and how many there are on all pages."""

    json: bytes
    total: int
    only_close: bool = False  # none of them is as it was asked for

    @property
    def products(self) -> list[dict[str, Any]]:
        return list(decoded(self.json))


def list_products(query: ProductQuery, *, allowance: Allowance | None = None) -> ProductList:
    """The page, from the cache where it can be. Raises RateLimited beyond the allowance."""
    stored = cache.read(query.key, lambda: _fill_list(query), allowance)
    head, body = stored.split(b"\n", 1)
    total, only_close = head.split()
    return ProductList(body, int(total), only_close == b"1")


def product_json(slug: str, *, allowance: Allowance | None = None) -> bytes:
    """The active product with this slug as finished JSON. Raises ProductNotFound, RateLimited."""
    return cache.read(cache.slug_key(slug), lambda: _fill_product(slug), allowance)


def get_product(slug: str) -> dict[str, Any]:
    """The same product with its price as a Decimal, for pages."""
    return dict(decoded(product_json(slug)))


def create_product(
    *, by: Actor = None, inventory: int = 0, product_id: int | None = None, **fields: Any
) -> Product:
    """Insert a product and open its stock account; without a `product_id` the next free one.

    Raises SlugTaken, ProductIdTaken or NoFreeProductId.
    """
    pk, fields = ObjectId(), as_stored(fields)

    def create() -> None:
        insert_products([{"pk": pk, "product_id": product_id, "inventory": inventory, **fields}], by=by)
        _changed(fields, by)

    try:
        run_tx(create)
    except IntegrityError as error:
        raise _taken(pk, fields.get("slug"), product_id) from error
    return Product.objects.get(pk=pk)


def insert_products(rows: Sequence[dict[str, Any]], *, by: Actor = None, label: str = "") -> None:
    """Several new products with their stock, inside the caller's `run_tx`; the cache is the caller's.

    Rows without a `product_id` get the next free ones. IntegrityError where a unique field is taken.
    """
    free = _free_product_ids(given=[row["product_id"] for row in rows if row["product_id"] is not None])
    products = []
    for row in rows:
        number = next(free) if row["product_id"] is None else row["product_id"]
        fields = {name: value for name, value in row.items() if name != "inventory"}
        terms = search.backend().terms(row["name"], row.get("category"))
        product = Product(**{**fields, "product_id": number, "search_terms": terms})
        products.append((product, row["inventory"]))
    _reserve_product_id(max(product.product_id for product, _ in products))
    stock.insert(products)
    former_slugs.take(Product, [row["slug"] for row in rows])
    audit.record_all(history.created(product, by=by, label=label) for product, _ in products)


def update_product(
    *,
    pk: str | ObjectId,
    by: Actor = None,
    inventory: int | None = None,
    inventory_delta: int = 0,
    **fields: Any,
) -> Product:
    """Change just these fields; the stock only where `inventory` or `inventory_delta` is given.

    Raises ProductNotFound, SlugTaken, ProductIdTaken or StockOutOfRange; then nothing was changed.
    """
    key = object_id(pk)

    def change() -> None:
        rows = Product.objects.filter(pk=key)
        current = rows.first()
        if key is None or current is None:
            raise ProductNotFound
        if inventory is not None:
            stock.set_level(key, inventory)
        if inventory_delta:
            stock.adjust(key, inventory_delta)
        if "product_id" in fields:
            _reserve_product_id(fields["product_id"])
        former_slugs.change(current, fields)
        if written := as_stored(fields, current.image_url):
            rows.update(**indexing.with_terms(current, written))
        level = (current.inventory if inventory is None else inventory) + inventory_delta
        audit.record_all(history.changed(current, {**written, "inventory": level}, by=by))
        _changed(fields, by)

    try:
        run_tx(change)
    except IntegrityError as error:
        raise _taken(key, fields.get("slug"), fields.get("product_id")) from error
    product = Product.objects.filter(pk=key).first()
    if product is None:
        raise ProductNotFound
    return product


def delete_product(*, pk: str | ObjectId, by: Actor = None) -> Product:
    """Remove the product and close its stock account; orders keep their snapshots."""

    def delete() -> Product:
        product = Product.objects.filter(pk=object_id(pk)).first()
        if product is None:
            raise ProductNotFound
        stock.close_account(product.pk, product.inventory)
        Product.objects.filter(pk=product.pk).delete()
        former_slugs.forget(product)
        audit.record_all([history.deleted(product, by=by)])
        on_commit(cache.products_changed)
        return product

    return run_tx(delete)


def ever_had_a_product() -> bool:
    return Counter.objects.filter(name="product_id", value__gt=0).exists()


def _changed(fields: dict[str, Any], by: Actor) -> None:
    """After the commit: entries of the cache count no more, and a new category gets its page."""
    on_commit(cache.products_changed)
    if name := fields.get("category"):
        on_commit(lambda: ensure_category(name, by=by))


def _fill_list(query: ProductQuery) -> bytes:
    found = matching(query)
    order = SORTS[query.sort] if query.sort else found.order
    page = found.rows.order_by(*order).defer("search_terms")[query.skip : query.skip + query.limit]
    total = found.rows.count()
    if not total and query.is_plain_search:
        misses.record(query.q)
    return b"%d %d\n%s" % (total, found.only_close, encoded([product.as_dict() for product in page]))


def matching(query: ProductQuery) -> Matches:
    found = _search(query)
    return replace(found, rows=_filtered(found.rows, query))


def _search(query: ProductQuery) -> Matches:
    rows, usual = Product.objects.visible(), SORTS[""]
    if query.q and query.fuzzy:
        return search.backend().fuzzy(rows, query.q)
    return Matches(search.backend().literal(rows, query.q) if query.q else rows, usual)


def _filtered(rows: ProductQuerySet, query: ProductQuery) -> ProductQuerySet:
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
    return encoded(product.as_dict())


def encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def decoded(text: bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


def _free_product_ids(*, given: Sequence[int]) -> Iterator[int]:
    """The numbers above all that were ever used. Nothing is looked up before the first one is wanted."""
    counter = collection(Counter).find_one({"_id": "product_id"})
    yield from range(max([counter["value"] if counter else 0, *given]) + 1, MAX_PRODUCT_ID + 1)
    raise NoFreeProductId


def _reserve_product_id(number: int) -> None:
    """The counter never falls behind a number in use, so imports and the API never collide."""
    collection(Counter).update_one({"_id": "product_id"}, {"$max": {"value": number}}, upsert=True)


def _taken(pk: ObjectId | None, slug: str | None, product_id: int | None) -> DomainError:
    """Which of the two unique fields another product has."""
    others = Product.objects.exclude(pk=pk)
    if slug is not None and others.filter(slug=slug).exists():
        return SlugTaken()
    return ProductIdTaken()
