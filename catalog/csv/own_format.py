"""Our own columns, as `export_products` writes them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from catalog.csv import cells
from catalog.csv.cells import Unreadable
from catalog.csv.entry import Entry
from catalog.csv.table import Rejected, Row
from catalog.models import MAX_PRODUCT_ID
from ecommerce.core.text import csv_files

NEEDED = ("name", "slug", "price")
COLUMNS = (
    "product_id",
    "name",
    "slug",
    "description",
    "price",
    "compare_at_price",
    "inventory",
    "category",
    "image",
    "is_active",
)
# `inventory` and `product_id` are no fields to be overwritten.
FIELDS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: cells.one_line(row["name"]),
    "slug": lambda row: row["slug"],
    "price": lambda row: cells.price(row["price"]),
    "compare_at_price": lambda row: cells.earlier_price(row["compare_at_price"]),
    "description": lambda row: row.cells.get("description") or None,  # not trimmed: it is what it is
    "category": lambda row: cells.one_line(row["category"]) or None,
    "image": lambda row: row["image"] or None,
    "is_active": lambda row: cells.truth(row["is_active"], "is_active"),
}


def entries(rows: Iterable[Row | Rejected], columns: set[str]) -> Iterator[Entry | Rejected]:
    makers = {field: make for field, make in FIELDS.items() if field in columns}
    for row in rows:
        yield row if isinstance(row, Rejected) else _entry(_plain(row), makers)


def _plain(row: Row) -> Row:
    """Without the apostrophes by which the export keeps texts from being formulas."""
    return Row(row.line, {column: csv_files.unescape_formula(cell) for column, cell in row.cells.items()})


def _entry(row: Row, makers: dict[str, Callable[[Row], Any]]) -> Entry | Rejected:
    try:
        fields = cells.checked({field: make(row) for field, make in makers.items()})
        quantity, number = cells.quantity(row["inventory"]), _product_id(row["product_id"])
    except Unreadable as refusal:
        return Rejected(row.line, str(refusal))
    slug = fields.pop("slug")
    return Entry(line=row.line, source=slug, slug=slug, fields=fields, quantity=quantity, product_id=number)


def _product_id(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) <= MAX_PRODUCT_ID):
        raise Unreadable(f"the product_id '{text[:40]}' is not a whole number from 1 to {MAX_PRODUCT_ID}")
    return int(text)
