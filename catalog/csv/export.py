"""The catalogue as CSV. Imported into an empty shop, it results in the same products."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TextIO

from catalog.csv import own_format
from catalog.models import Product, ProductQuerySet
from ecommerce.core.text import csv_files
from ecommerce.core.text.money import rounded


def lines(products: ProductQuerySet) -> Iterator[str]:
    """Yield the header and a line for each product, reading the products only as they are needed."""
    columns = own_format.columns()
    yield from csv_files.lines([columns])
    rows = products.defer("search_terms").iterator()
    yield from csv_files.lines(_row(product, columns) for product in rows)


def export(file: TextIO) -> int:
    """Write every product, hidden ones too, in the order of `product_id`, and return how many there are."""
    written = -1  # the header does not count
    for line in lines(Product.objects.order_by("product_id")):
        file.write(line)
        written += 1
    return written


def _row(product: Product, columns: list[str]) -> Iterator[str]:
    return (csv_files.escape_formula(_cell(getattr(product, column))) for column in columns)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return str(rounded(value))
    return "" if value is None else str(value)
