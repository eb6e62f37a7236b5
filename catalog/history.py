"""What the audit log says of products and categories."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from catalog.models import Category, Product
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry

Actor = Model | None  # who did it; None is the shop itself, or whom a label names
Row = Product | Category
DERIVED = ("id", "created_at", "on_hold", "search_terms")


def created(row: Row, *, by: Actor, label: str = "") -> AuditEntry:
    return _entry(row, "create", by, label, {}, _everything(row))


def changed(row: Row, fields: dict[str, Any], *, by: Actor = None, label: str = "") -> Iterator[AuditEntry]:
    """One entry of the stock and one of all else, as far as the row differs from these fields."""
    stock = {name: value for name, value in fields.items() if name == "inventory"}
    rest = {name: value for name, value in fields.items() if name != "inventory"}
    for verb, part in (("change", rest), ("stock", stock)):
        before, after = audit.differences(row, part)
        if after:
            yield _entry(row, verb, by, label, before, after)


def deleted(row: Row, *, by: Actor) -> AuditEntry:
    return _entry(row, "delete", by, "", _everything(row), {})


def _entry(row: Row, verb: str, by: Actor, label: str, before: audit.Facts, after: audit.Facts) -> AuditEntry:
    action = f"{row._meta.model_name}.{verb}"
    return audit.entry(actor=by, label=label, action=action, obj=row, before=before, after=after)


def _everything(row: Row) -> audit.Facts:
    """What staff give it, and nothing that is empty."""
    names = [field.name for field in row._meta.fields if field.name not in DERIVED]
    return audit.facts({name: value for name in names if (value := getattr(row, name)) not in (None, "")})
