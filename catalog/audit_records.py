"""Audit entries about products and categories."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Model

from catalog.models import Category, Product
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry

Actor = Model | None  # None stands for the shop itself, or for the actor that a label names
Row = Product | Category
DERIVED = ("id", "created_at", "on_hold", "search_terms")


def written(
    new: Iterable[Row], changes: Iterable[tuple[Row, Mapping[str, Any]]], *, by: Actor, label: str
) -> Iterator[AuditEntry]:
    """Yield unsaved entries about new rows and about new values of others."""
    for row in new:
        yield created(row, by=by, label=label)
    for row, fields in changes:
        yield from changed(row, fields=fields, by=by, label=label)


def created(row: Row, *, by: Actor, label: str = "") -> AuditEntry:
    """Return the unsaved entry about a new row."""
    return _entry(row, "create", by, label, before={}, after=_all_facts(row))


def changed(
    row: Row, *, fields: Mapping[str, Any], by: Actor = None, label: str = ""
) -> Iterator[AuditEntry]:
    """Yield unsaved entries about new values of the row, one for the stock and one for all other fields.

    There is no entry without a difference.
    """
    stock = {name: value for name, value in fields.items() if name == "inventory"}
    others = {name: value for name, value in fields.items() if name != "inventory"}
    for verb, part in (("change", others), ("stock", stock)):
        before, after = audit.differences(row, part)
        if after:
            yield _entry(row, verb, by, label, before, after)


def deleted(row: Row, *, by: Actor) -> AuditEntry:
    """Return the unsaved entry about a row that is being deleted."""
    return _entry(row, "delete", by, "", before=_all_facts(row), after={})


def _entry(row: Row, verb: str, by: Actor, label: str, before: audit.Facts, after: audit.Facts) -> AuditEntry:
    action = f"{row._meta.model_name}.{verb}"
    return audit.entry(actor=by, label=label, action=action, obj=row, before=before, after=after)


def _all_facts(row: Row) -> audit.Facts:
    """Return every field that staff fill in and that is not empty."""
    names = [field.name for field in row._meta.fields if field.name not in DERIVED]
    return audit.facts({name: value for name in names if (value := getattr(row, name)) not in (None, "")})
