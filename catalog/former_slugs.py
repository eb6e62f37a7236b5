"""Slugs of before: where a product or category has gone. Changes are made inside the caller's `run_tx`."""

from collections.abc import Iterable
from typing import Any

from catalog.models import Category, OldSlug, Product
from ecommerce.core.db import collection

Row = Product | Category


def change(row: Row, fields: dict[str, Any]) -> None:
    """Before the row gets these fields: the slug that it leaves will lead to it, wherever it goes next."""
    slug = fields.get("slug", row.slug)
    if slug == row.slug:
        return
    take(type(row), [slug])
    key = _key(type(row), row.slug)
    collection(OldSlug).update_one({"_id": key}, {"$set": {"target": row.pk}}, upsert=True)


def take(kind: type[Row], slugs: Iterable[str]) -> None:
    """These are somebody's own again and lead nowhere else, also where that one is hidden or deleted."""
    collection(OldSlug).delete_many({"_id": {"$in": [_key(kind, slug) for slug in slugs]}})


def forget(row: Row) -> None:
    OldSlug.objects.filter(target=row.pk).delete()


def target(kind: type[Row], slug: str) -> Any:
    """The id of the row that had this slug before, or None."""
    return OldSlug.objects.filter(pk=_key(kind, slug)).values_list("target", flat=True).first()


def current_of_product(old: str) -> str | None:
    """Today's slug of the active product that had this one before."""
    rows = Product.objects.visible().filter(pk=target(Product, old))
    return rows.values_list("slug", flat=True).first()


def _key(kind: type[Row], slug: str) -> str:
    return f"{kind._meta.model_name}:{slug}"
