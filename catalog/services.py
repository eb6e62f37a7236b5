"""Creating, changing and deleting products. Every change invalidates the cache after its commit."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from pymongo import ReturnDocument

from catalog import audit_records, cache, former_slugs, search, stock
from catalog.audit_records import Actor
from catalog.categories import ensure_category
from catalog.images.image_urls import as_stored
from catalog.models import MAX_PRODUCT_ID, Category, Counter, Product
from catalog.queries import ProductNotFound
from catalog.search import indexing
from ecommerce.core import audit
from ecommerce.core.db import collection, object_id, on_commit, run_tx
from ecommerce.core.errors import DomainError, FieldError


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


def create_product(
    *, by: Actor = None, inventory: int = 0, product_id: int | None = None, **fields: Any
) -> Product:
    """Create a product with its initial stock and return it; by default it gets the next free `product_id`.

    Raises SlugTaken, ProductIdTaken or NoFreeProductId.
    """
    pk, stored = ObjectId(), as_stored(fields)
    row = {"pk": pk, "product_id": product_id, "inventory": inventory, **stored}

    def create() -> None:
        write_products(new=[row], by=by)
        _after_change(stored, by)

    try:
        run_tx(create)
    except IntegrityError as error:
        raise _taken_field(pk, {**stored, "product_id": product_id}) from error
    return Product.objects.get(pk=pk)


def write_products(
    *,
    new: Sequence[dict[str, Any]],
    changes: Sequence[stock.Change] = (),
    categories: Sequence[Category] = (),
    by: Actor = None,
    label: str = "",
) -> None:
    """Insert and change any number of products with at most seven commands, inside the caller's `run_tx`.

    New products whose `product_id` is None get the next free ones. Changes are as `stock.write` takes them,
    without slugs and numbers. The caller invalidates the cache. Raises NoFreeProductId, IntegrityError if a
    unique field is taken, and what `stock.write` raises.
    """
    products = _new_products(new)
    stock.write(products, [(row, indexing.with_terms(row, changes=fields)) for row, fields in changes])
    Category.objects.bulk_create(categories)
    former_slugs.remove_redirects_from([*products, *categories])
    audit.record_all(audit_records.written([*products, *categories], changes, by=by, label=label))


def update_product(
    *,
    pk: str | ObjectId,
    by: Actor = None,
    inventory: int | None = None,
    inventory_delta: int = 0,
    **fields: Any,
) -> Product:
    """Change only these fields and return the product; `inventory` sets the stock, the delta is added to it.

    Raises ProductNotFound, SlugTaken, ProductIdTaken or StockOutOfRange; in that case nothing is changed.
    """

    def update() -> None:
        product = _get(pk)
        if inventory is not None:
            stock.set_level(product.pk, level=inventory)
        if inventory_delta:
            stock.adjust(product.pk, change=inventory_delta)
        level = (product.inventory if inventory is None else inventory) + inventory_delta
        stored = _update_fields(product, fields)
        audit.record_all(audit_records.changed(product, fields={**stored, "inventory": level}, by=by))
        _after_change(fields, by)

    try:
        run_tx(update)
    except IntegrityError as error:
        raise _taken_field(object_id(pk), fields) from error
    return _get(pk)


def delete_product(*, pk: str | ObjectId, by: Actor = None) -> Product:
    """Delete a product, close its stock account and return it; orders keep their snapshots.

    Raises ProductNotFound.
    """

    def delete() -> Product:
        product = _get(pk)
        stock.close_account(product.pk, remaining=product.inventory)
        Product.objects.filter(pk=product.pk).delete()
        former_slugs.remove_redirects_to(product)
        audit.record_all([audit_records.deleted(product, by=by)])
        on_commit(cache.products_changed)
        return product

    return run_tx(delete)


def ever_had_a_product() -> bool:
    """Return whether a product has ever been created, even if it is deleted by now."""
    return Counter.objects.filter(name="product_id", value__gt=0).exists()


def _get(pk: str | ObjectId) -> Product:
    product = Product.objects.filter(pk=object_id(pk)).first()
    if product is None:
        raise ProductNotFound
    return product


def _new_products(rows: Sequence[dict[str, Any]]) -> list[Product]:
    if not rows:
        return []
    given = [row["product_id"] for row in rows if row["product_id"] is not None]
    free = iter(_reserve_product_ids(len(rows) - len(given), above=max(given, default=0)))
    return [_new_product(row, row["product_id"] or next(free)) for row in rows]


def _new_product(row: dict[str, Any], product_id: int) -> Product:
    terms = search.backend().terms(row["name"], row.get("category"))
    return Product(**{**row, "product_id": product_id, "search_terms": terms})


def _update_fields(product: Product, fields: dict[str, Any]) -> dict[str, Any]:
    """Write the fields and return them as they are stored."""
    if "product_id" in fields:
        _reserve_product_id(fields["product_id"])
    former_slugs.record_slug_change(product, fields=fields)
    stored = as_stored(fields, shown=product.image_url)
    if stored:
        Product.objects.filter(pk=product.pk).update(**indexing.with_terms(product, changes=stored))
    return stored


def _after_change(fields: dict[str, Any], by: Actor) -> None:
    """Invalidate the cache after the commit, and make sure that the product's category has a page."""
    on_commit(cache.products_changed)
    if name := fields.get("category"):
        on_commit(lambda: ensure_category(name, by=by))


def _reserve_product_ids(number: int, *, above: int) -> range:
    """Return this many numbers above the given and every used one, and raise the counter to the last.

    Raises NoFreeProductId.
    """
    last = {"$add": [{"$max": ["$value", above]}, number]}
    counter = collection(Counter).find_one_and_update(
        {"_id": "product_id"}, [{"$set": {"value": last}}], return_document=ReturnDocument.AFTER
    )
    if counter is None:
        _reserve_product_id(above + number)
    highest = counter["value"] if counter else above + number
    if number and highest > MAX_PRODUCT_ID:
        raise NoFreeProductId
    return range(highest - number + 1, highest + 1)


def _reserve_product_id(number: int) -> None:
    """Raise the counter to this number, so that no number in use is ever handed out again."""
    collection(Counter).update_one({"_id": "product_id"}, {"$max": {"value": number}}, upsert=True)


def _taken_field(pk: ObjectId | None, fields: dict[str, Any]) -> DomainError:
    """Return the refusal for the unique field whose value another product has."""
    slug = fields.get("slug")
    if slug is not None and Product.objects.exclude(pk=pk).filter(slug=slug).exists():
        return SlugTaken()
    return ProductIdTaken()
