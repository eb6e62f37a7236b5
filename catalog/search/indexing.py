"""What is stored for the search, kept right: every writer of a name or category comes by here."""

from collections.abc import Mapping
from typing import Any

from pymongo import UpdateOne

from catalog import search
from catalog.models import Counter, Product, ProductQuerySet
from ecommerce.core.db import collection

VERSION = "search_terms"
BATCH = 500


def with_terms(product: Product, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a product as it was read in this transaction, and what the search stores then."""
    if not {"name", "category"} & set(changes):
        return dict(changes)
    name = changes.get("name", product.name)
    return {**changes, "search_terms": _terms(name, changes.get("category", product.category))}


def move_products(products: ProductQuerySet, *, category: str) -> None:
    """Give these products another category, inside the caller's `run_tx`."""
    found = products.order_by().values_list("pk", "name")
    changes = (
        UpdateOne({"_id": pk}, {"$set": {"category": category, "search_terms": _terms(name, category)}})
        for pk, name in found.iterator()
    )
    if listed := list(changes):
        collection(Product).bulk_write(listed, ordered=False)


def store_terms() -> int:
    """Store all products' terms where those of another version, or none, are stored; answers how many.

    A product that is renamed meanwhile has its new terms already, and keeps them.
    """
    version = search.backend().version
    if Counter.objects.filter(name=VERSION, value=version).exists():
        return 0
    stored, changes = 0, list[UpdateOne]()
    for pk, name, category in Product.objects.order_by().values_list("pk", "name", "category").iterator():
        as_read = {"_id": pk, "name": name, "category": category}
        changes.append(UpdateOne(as_read, {"$set": {"search_terms": _terms(name, category)}}))
        if len(changes) == BATCH:
            stored += _write(changes)
    stored += _write(changes)
    collection(Counter).update_one({"_id": VERSION}, {"$set": {"value": version}}, upsert=True)
    return stored


def _write(changes: list[UpdateOne]) -> int:
    written = collection(Product).bulk_write(changes, ordered=False).modified_count if changes else 0
    changes.clear()
    return int(written)


def _terms(name: str, category: str | None) -> list[str]:
    return search.backend().terms(name, category)
