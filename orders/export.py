"""The export of orders as CSV, one row per order, for accounting or a spreadsheet."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from ecommerce.core.text import csv_files
from ecommerce.core.text.money import rounded
from ecommerce.core.text.times import as_json as time_as_json
from orders.models import Order, OrderQuerySet

COLUMNS = (
    *("number", "created_at", "paid_at", "email", "status", "fulfilment", "refund_status"),
    *("subtotal", "discount", "shipping", "tax", "total", "refunded", "currency"),
    *("items", "carrier", "tracking_number"),
)


def lines(orders: OrderQuerySet) -> Iterator[str]:
    """Yield the header and a line per order, read from the database as the lines are consumed."""
    yield from csv_files.lines([COLUMNS])
    yield from csv_files.lines(map(_row, orders.defer("search_terms").iterator()))


def _row(order: Order) -> Iterable[str]:
    items = "; ".join(f"{item.qty} × {item.name}" for item in order.items)
    special = {"items": csv_files.escape_formula(items), "refunded": _cell(order.refund_requested)}
    return [special[column] if column in special else _cell(getattr(order, column)) for column in COLUMNS]


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(rounded(value))
    if isinstance(value, datetime):
        return time_as_json(value)
    return csv_files.escape_formula(value or "")
