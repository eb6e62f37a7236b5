"""Our own columns, as `export_products` writes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catalog import product_fields
from catalog.csv import cells
from catalog.csv.cells import Unreadable
from catalog.csv.entry import Entry
from catalog.csv.table import Rejected, Row
from catalog.models import MAX_PRODUCT_ID
from catalog.product_fields import Kind, ProductField
from ecommerce.core.text import csv_files

# Columns that an import of an existing product does not simply overwrite.
SEPARATE_COLUMNS = ("product_id", "inventory")


def columns() -> list[str]:
    """Return the columns of an export; an import knows these and no others."""
    return [field.name for field in product_fields.csv_fields()]


def required_columns() -> list[str]:
    """Return the columns that an import needs."""
    return [field.name for field in product_fields.csv_fields() if field.required]


def entries(rows: Iterable[Row | Rejected], *, header: set[str]) -> Iterator[Entry | Rejected]:
    """Yield the product of each row, with the fields for which the header has a column."""
    fields = [
        field
        for field in product_fields.csv_fields()
        if field.name in header and field.name not in SEPARATE_COLUMNS
    ]
    for row in rows:
        yield row if isinstance(row, Rejected) else _entry(_without_apostrophes(row), fields)


def _without_apostrophes(row: Row) -> Row:
    """Remove the apostrophes by which an export keeps spreadsheets from reading texts as formulas."""
    return Row(row.line, {column: csv_files.unescape_formula(cell) for column, cell in row.cells.items()})


def _entry(row: Row, fields: Sequence[ProductField]) -> Entry | Rejected:
    try:
        values = cells.checked({field.name: _value(field, row) for field in fields})
        quantity = cells.quantity(row["inventory"])
        product_id = cells.whole_number(row["product_id"], "product_id", lowest=1, highest=MAX_PRODUCT_ID)
    except Unreadable as refusal:
        return Rejected(row.line, str(refusal))
    slug = values.pop("slug")
    return Entry(
        line=row.line, source=slug, slug=slug, fields=values, quantity=quantity, product_id=product_id
    )


def _value(field: ProductField, row: Row) -> Any:
    """Return what the row's cell says about the field. Raises Unreadable."""
    cell, label = row[field.name], field.label or field.name
    empty = None if field.model_field.null else ""
    match field.kind:
        case Kind.LINE:
            return cells.one_line(cell) or empty
        case Kind.TEXT:
            return row.cells.get(field.name) or empty  # not trimmed
        case Kind.NUMBER:
            lowest, highest = field.limits
            return cells.whole_number(cell, label, lowest=lowest, highest=highest)
        case Kind.PRICE:
            return cells.price(cell, label) if field.required else cells.optional_price(cell, label)
        case Kind.IMAGE:
            return cell or empty
        case Kind.SWITCH:
            return cells.truth(cell, label)
    raise NotImplementedError(field.kind)
