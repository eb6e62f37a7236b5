"""Orders as CSV, a row an order, for accounting or a spreadsheet."""

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
    """The header and each order; read from the database as they are asked for."""
    yield from csv_files.lines([COLUMNS])
    yield from csv_files.lines(map(_row, orders.defer("search_terms").iterator()))


def _row(order: Order) -> Iterable[str]:
    bought = "; ".join(f"{item.qty} × {item.name}" for item in order.items)
    cells = {"items": bought, "refunded": _cell(order.refund_requested)}
    return (cells.get(column) or _cell(getattr(order, column)) for column in COLUMNS)


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(rounded(value))
    if isinstance(value, datetime):
        return time_as_json(value)
    return csv_files.escape_formula(value or "")
