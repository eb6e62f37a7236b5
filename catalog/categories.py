"""Categories: reading them, and creating, changing and deleting them.

Products name their category, and every named category has a page.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.utils.text import slugify

from catalog import audit_records, cache, former_slugs
from catalog.audit_records import Actor
from catalog.models import Category, Product
from catalog.search import indexing
from catalog.types import CategoryData
from ecommerce.core import audit
from ecommerce.core.db import collection, on_commit, run_tx
from ecommerce.core.errors import DomainError


class CategoryNotFound(DomainError):
    message, code, status_code = "Category not found", "category_not_found", 404


class CategoryTaken(DomainError):
    message, code = "Another category has this name or slug", "category_taken"


class CategoryInUse(DomainError):
    code = "category_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"Products are in the category {name}. Move them to another one first.")


def list_categories() -> list[CategoryData]:
    """Return the categories that have visible products, in the order that staff gave them."""
    return list(json.loads(cache.read("categories", _fill, shows_stock=False)))


def counts_by_category() -> dict[str | None, int]:
    """Return the number of visible products by the name of their category; those without one are at None."""
    return dict(json.loads(cache.read("categories:counts", _fill_counts, shows_stock=False)))


def get_category(slug: str) -> CategoryData:
    """Return the category with this slug. Raises CategoryNotFound, also if it has no visible products."""
    for category in list_categories():
        if category["slug"] == slug:
            return category
    raise CategoryNotFound


def find_category(name: str | None) -> CategoryData | None:
    """Return the category with this name, or None if it has no visible products."""
    return next((category for category in list_categories() if category["name"] == name), None)


def current_category_slug(former: str) -> str | None:
    """Return the current slug of the category with this former slug, or None if it has no page."""
    target = former_slugs.find_target(former, kind=Category)
    slug = Category.objects.filter(pk=target).values_list("slug", flat=True).first()
    return slug if any(category["slug"] == slug for category in list_categories()) else None


def ensure_category(name: str, *, by: Actor = None) -> None:
    """Create the category unless it exists, and invalidate the cache if it was created."""
    if Category.objects.filter(name=name).exists():
        return
    while missing := KnownCategories().missing([name]):
        with suppress(IntegrityError):  # a concurrent request created it, or another category with this slug
            _insert(missing[0], by)
            cache.products_changed()
            return


class KnownCategories:
    """The categories as they were read, for an import that asks for many of them."""

    def __init__(self) -> None:
        rows = list(Category.objects.order_by().values_list("name", "slug", "position"))
        self.names, self._slugs = {row[0] for row in rows}, {row[1] for row in rows}
        self._last = max((row[2] for row in rows), default=0)

    def missing(self, names: Iterable[str]) -> list[Category]:
        """Return unsaved categories for those names that have none; a name without a free slug gets none."""
        rows, slugs = list[Category](), set(self._slugs)
        for name in sorted(set(names) - self.names):
            slug = next((slug for slug in _possible_slugs(name) if slug not in slugs), None)
            if slug is not None:
                slugs.add(slug)
                rows.append(self._new(name, slug, len(rows)))
        return rows

    def add(self, rows: Iterable[Category]) -> None:
        """Take note of categories that were created."""
        for row in rows:
            self.names.add(row.name)
            self._slugs.add(row.slug)
            self._last = max(self._last, row.position)

    def _new(self, name: str, slug: str, before: int) -> Category:
        return Category(pk=ObjectId(), name=name, slug=slug, position=self._last + before + 1)


def create_category(*, by: Actor = None, **fields: Any) -> Category:
    """Create a category and return it. Raises CategoryTaken."""
    try:
        category = _insert(Category(**fields), by)
    except IntegrityError:
        raise CategoryTaken from None
    on_commit(cache.products_changed)
    return category


def update_category(*, pk: ObjectId, by: Actor = None, **fields: Any) -> None:
    """Change only these fields; a new name is written to the category's products, too.

    Raises CategoryNotFound or CategoryTaken; in that case nothing is changed.
    """

    def update() -> None:
        category = Category.objects.filter(pk=pk).first()
        if category is None:
            raise CategoryNotFound
        former_slugs.record_slug_change(category, fields=fields)
        if "name" in fields:
            indexing.move_products(Product.objects.filter(category=category.name), category=fields["name"])
        if fields:
            Category.objects.filter(pk=pk).update(**fields)
        audit.record_all(audit_records.changed(category, fields=fields, by=by))
        on_commit(cache.products_changed)

    try:
        run_tx(update)
    except IntegrityError:
        raise CategoryTaken from None


def delete_category(category: Category, *, by: Actor = None) -> None:
    """Delete a category. Raises CategoryInUse while products name it."""

    def delete() -> None:
        if Product.objects.filter(category=category.name).exists():
            raise CategoryInUse(category.name)
        Category.objects.filter(pk=category.pk).delete()
        former_slugs.remove_redirects_to(category)
        audit.record_all([audit_records.deleted(category, by=by)])
        on_commit(cache.products_changed)

    run_tx(delete)


def _insert(category: Category, by: Actor) -> Category:
    category.pk = ObjectId()

    def insert() -> None:
        category.save(force_insert=True)
        former_slugs.remove_redirects_from([category])
        audit.record_all([audit_records.created(category, by=by)])

    run_tx(insert)
    return category


def _fill() -> bytes:
    return json.dumps(_with_visible_products()).encode()


def _with_visible_products() -> list[CategoryData]:
    counts = counts_by_category()
    return [
        {
            "name": category.name,
            "slug": category.slug,
            "description": category.description,
            "count": counts[category.name],
        }
        for category in Category.objects.all()
        if category.name in counts
    ]


def _fill_counts() -> bytes:
    """Count by category. The index has all that this needs, which is not so for the ORM's way to group."""
    visible = [{"$match": {"is_active": True}}, {"$group": {"_id": "$category", "number": {"$sum": 1}}}]
    rows = collection(Product).aggregate(visible)
    return json.dumps([(row["_id"], row["number"]) for row in rows]).encode()


def _possible_slugs(name: str) -> list[str]:
    """Return the plain slug, if the name has one, and a slug that no other name produces."""
    plain = slugify(name)[:80]
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return [plain, f"{plain}-{digest}"] if plain else [f"category-{digest}"]
