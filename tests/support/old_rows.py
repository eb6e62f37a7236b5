"""Rows as they will be when a year has passed."""

from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from ecommerce.core.db import collection

LONG = timedelta(days=400)


def make_old(model: type[Model], *fields: str, **which: Any) -> None:
    """Set these times of the rows back, past the guard of the audit log."""
    times = {field: timezone.now() - LONG for field in fields}
    collection(model).update_many(which, {"$set": times})


def remaining(model: type[Model]) -> set[Any]:
    """Return the keys of all rows."""
    return set(model._default_manager.order_by().values_list("pk", flat=True))
