"""Use cases of categories: a page for every category that a product names."""

import hashlib
import json
from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import Max
from django.utils.text import slugify

from catalog import cache, former_slugs, history
from catalog.history import Actor
from catalog.models import Category, Product
from catalog.search import indexing
from ecommerce.core import audit
from ecommerce.core.db import on_commit, run_tx
from ecommerce.core.errors import DomainError


class CategoryNotFound(DomainError):
    message, code, status_code = "Category not found", "category_not_found", 404


class CategoryTaken(DomainError):
    message, code = "Another category has this name or slug", "category_taken"


class CategoryInUse(DomainError):
    code = "category_in_use"

    def __init__(self, name: str) -> None:
        super().__init__(f"Products are in the category {name}. Move them to another one first.")


def list_categories() -> list[dict[str, Any]]:
    """Name, slug, description and number of visible products of each category that has any."""
    return list(json.loads(cache.read("categories", _fill, allowance=None)))


def get_category(slug: str) -> dict[str, Any]:
    for category in list_categories():
        if category["slug"] == slug:
            return category
    raise CategoryNotFound


def current_slug(old: str) -> str | None:
    """Of the category with visible products that had this slug before."""
    slug = (
        Category.objects.filter(pk=former_slugs.target(Category, old)).values_list("slug", flat=True).first()
    )
    return slug if any(category["slug"] == slug for category in list_categories()) else None


def category_named(name: str | None) -> dict[str, Any] | None:
    """The category that a product names; None where it names none."""
    return next((category for category in list_categories() if category["name"] == name), None)


def ensure_category(name: str, *, by: Actor = None) -> None:
    if make_missing(name, by=by):
        cache.products_changed()


def make_missing(name: str, *, by: Actor = None, label: str = "") -> bool:
    """Make the row unless there is one, whoever else does so at once. The cache is the caller's."""
    if Category.objects.filter(name=name).exists():
        return False
    last = Category.objects.aggregate(last=Max("position"))["last"] or 0
    for slug in _slugs(name):
        try:
            _insert(Category(name=name, slug=slug, position=last + 1), by, label)
        except IntegrityError:  # the name was made meanwhile, or another name has this slug
            if Category.objects.filter(name=name).exists():
                return False
        else:
            return True
    return False


def create_category(*, by: Actor = None, **fields: Any) -> Category:
    try:
        category = _insert(Category(**fields), by)
    except IntegrityError:
        raise CategoryTaken from None
    on_commit(cache.products_changed)
    return category


def update_category(*, pk: ObjectId, by: Actor = None, **fields: Any) -> None:
    """Change just these fields; a new name goes to the category's products, too."""

    def change() -> None:
        category = Category.objects.filter(pk=pk).first()
        if category is None:
            raise CategoryNotFound
        if "name" in fields:
            rename_category(category, fields["name"])
        former_slugs.change(category, fields)
        if rest := {name: value for name, value in fields.items() if name != "name"}:
            Category.objects.filter(pk=pk).update(**rest)
        audit.record_all(history.changed(category, fields, by=by))
        on_commit(cache.products_changed)

    try:
        run_tx(change)
    except IntegrityError:
        raise CategoryTaken from None


def delete_category(category: Category, *, by: Actor = None) -> None:
    """Remove a category that no product names any more."""

    def delete() -> None:
        if Product.objects.filter(category=category.name).exists():
            raise CategoryInUse(category.name)
        Category.objects.filter(pk=category.pk).delete()
        former_slugs.forget(category)
        audit.record_all([history.deleted(category, by=by)])
        on_commit(cache.products_changed)

    run_tx(delete)


def rename_category(category: Category, name: str) -> None:
    """Rename it, and its products with it, or nothing where the new name is taken."""

    def rename() -> None:
        indexing.move(Product.objects.filter(category=category.name), name)
        Category.objects.filter(pk=category.pk).update(name=name)
        on_commit(cache.products_changed)

    run_tx(rename)


def _insert(category: Category, by: Actor, label: str = "") -> Category:
    category.pk = ObjectId()

    def insert() -> None:
        category.save(force_insert=True)
        former_slugs.take(Category, [category.slug])
        audit.record_all([history.created(category, by=by, label=label)])

    run_tx(insert)
    return category


def _fill() -> bytes:
    """Categories with visible products, in the staff's order."""
    found = []
    for category in Category.objects.all():
        if count := Product.objects.visible().filter(category=category.name).count():
            fields = {"name": category.name, "slug": category.slug, "description": category.description}
            found.append({**fields, "count": count})
    return json.dumps(found).encode()


def _slugs(name: str) -> list[str]:
    """The plain slug, and one that no other name gives."""
    plain = slugify(name)[:80]
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return [plain, f"{plain}-{digest}"] if plain else [f"category-{digest}"]
