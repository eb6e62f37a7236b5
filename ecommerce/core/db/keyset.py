"""Pages that begin after a row (keyset pagination): as fast at the end of a list as at its beginning.

A cursor is an opaque text: the order of a list, and the values that the last row of a page has in its fields.
"""

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from ecommerce.core.errors import FieldError

Order = tuple[str, ...]  # one or two fields, the last of them unique, such as ("-price", "-product_id")


class InvalidCursor(FieldError):
    def __init__(self) -> None:
        super().__init__("after", "This is not a cursor of this list. Take it from the Link header.")


def cursor_of(row: Model, order: Order) -> str:
    """Return the cursor of the page that begins after the row."""
    values = [_as_json(getattr(row, field.lstrip("-"))) for field in order]
    text = json.dumps([order, values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def rows_after(rows: QuerySet[Any], order: Order, cursor: str, limit: int) -> list[Any]:
    """Return the first rows after the cursor. Raises InvalidCursor.

    Two queries, each a single range of the index of the order: rows that equal the last one but for the
    unique field, then the others. An $or of both would be served by no index of the embedded MongoDB.
    """
    values = _values(rows.model, order, cursor)
    in_order = rows.order_by(*order)
    found: list[Any] = []
    if len(order) == 2:
        same = {order[0].lstrip("-"): values[0]}
        found = list(in_order.filter(**same, **_beyond(order[1], values[1]))[:limit])
    if len(found) < limit:
        found += in_order.filter(**_beyond(order[0], values[0]))[: limit - len(found)]
    return found


def _beyond(field: str, value: Any) -> dict[str, Any]:
    name = field.lstrip("-")
    return {f"{name}__lt" if field.startswith("-") else f"{name}__gt": value}


def _values(model: type[Model], order: Order, cursor: str) -> list[Any]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        stored_order, values = json.loads(text)
        if stored_order != list(order) or len(values) != len(order) or None in values:
            raise InvalidCursor
        return [_field(model, name).to_python(value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, binascii.Error, ValidationError) as error:
        raise InvalidCursor from error


def _field(model: type[Model], name: str) -> Any:
    meta = model._meta
    return meta.pk if name.lstrip("-") == "pk" else meta.get_field(name.lstrip("-"))


def _as_json(value: Any) -> str | int:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)
