"""The stored search terms of products. Every change of a name or a category goes through this module."""

from collections.abc import Mapping
from typing import Any

from pymongo import UpdateOne

from catalog import search
from catalog.models import Counter, Product, ProductQuerySet
from ecommerce.core.db import collection

VERSION = "search_terms"
BATCH = 500


def with_terms(product: Product, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes with the search terms that result from them.

    The product must have been read in the current transaction.
    """
    if not {"name", "category"} & set(changes):
        return dict(changes)
    name = changes.get("name", product.name)
    return {**changes, "search_terms": _terms(name, changes.get("category", product.category))}


def move_products(products: ProductQuerySet, *, category: str) -> None:
    """Give these products another category, inside the caller's `run_tx`."""
    updates = [
        UpdateOne({"_id": pk}, {"$set": {"category": category, "search_terms": _terms(name, category)}})
        for pk, name in products.order_by().values_list("pk", "name").iterator()
    ]
    if updates:
        collection(Product).bulk_write(updates, ordered=False)


def store_terms() -> int:
    """Store the terms of all products if those of another version are stored, and return how many changed.

    A product that is renamed at the same time keeps its terms, which are new already.
    """
    version = search.backend().version
    if Counter.objects.filter(name=VERSION, value=version).exists():
        return 0
    stored, updates = 0, list[UpdateOne]()
    for pk, name, category in Product.objects.order_by().values_list("pk", "name", "category").iterator():
        as_read = {"_id": pk, "name": name, "category": category}
        updates.append(UpdateOne(as_read, {"$set": {"search_terms": _terms(name, category)}}))
        if len(updates) == BATCH:
            stored += _write(updates)
            updates = []
    stored += _write(updates)
    collection(Counter).update_one({"_id": VERSION}, {"$set": {"value": version}}, upsert=True)
    return stored


def _write(updates: list[UpdateOne]) -> int:
    if not updates:
        return 0
    return int(collection(Product).bulk_write(updates, ordered=False).modified_count)


def _terms(name: str, category: str | None) -> list[str]:
    return search.backend().terms(name, category)
