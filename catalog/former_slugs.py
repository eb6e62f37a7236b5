"""Former slugs of products and categories, and where they redirect.

Every change joins the caller's `run_tx`.
"""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId

from catalog.models import Category, FormerSlug, Product
from ecommerce.core.db import collection

Row = Product | Category


def record_slug_change(row: Row, *, fields: dict[str, Any]) -> None:
    """Make the row's slug redirect to it, if these fields are about to replace that slug."""
    new_slug = fields.get("slug", row.slug)
    if new_slug == row.slug:
        return
    _remove([_key(new_slug, type(row))])
    former = {"_id": _key(row.slug, type(row))}
    collection(FormerSlug).update_one(former, {"$set": {"target": row.pk}}, upsert=True)


def remove_redirects_from(rows: Sequence[Row]) -> None:
    """Stop redirecting the slugs of these rows, because they are their own now."""
    _remove([_key(row.slug, type(row)) for row in rows])


def remove_redirects_to(row: Row) -> None:
    """Stop redirecting to a row that is being deleted."""
    FormerSlug.objects.filter(target=row.pk).delete()


def find_target(slug: str, *, kind: type[Row]) -> ObjectId | None:
    """Return the id of the row to which this former slug redirects, or None."""
    former = FormerSlug.objects.filter(pk=_key(slug, kind))
    return former.values_list("target", flat=True).first()


def current_product_slug(former: str) -> str | None:
    """Return the current slug of the active product with this former slug, or None."""
    products = Product.objects.visible().filter(pk=find_target(former, kind=Product))
    return products.values_list("slug", flat=True).first()


def _remove(keys: list[str]) -> None:
    if keys:
        collection(FormerSlug).delete_many({"_id": {"$in": keys}})


def _key(slug: str, kind: type[Row]) -> str:
    return f"{kind._meta.model_name}:{slug}"
