"""The catalogue as the CSV that the import reads: into an empty shop it gives the same products."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TextIO

from catalog.csv.own_format import COLUMNS
from catalog.models import Product, ProductQuerySet
from ecommerce.core.text import csv_files
from ecommerce.core.text.money import rounded


def lines(products: ProductQuerySet) -> Iterator[str]:
    """The header and each product; read from the database as they are asked for."""
    yield from csv_files.lines([COLUMNS])
    yield from csv_files.lines(map(_row, products.defer("search_terms").iterator()))


def export(file: TextIO) -> int:
    """Write every product, hidden ones too, in the order of product_id; answers how many."""
    written = -1  # the header is none
    for line in lines(Product.objects.order_by("product_id")):
        file.write(line)
        written += 1
    return written


def _row(product: Product) -> Iterator[str]:
    return (csv_files.escape_formula(_cell(getattr(product, column))) for column in COLUMNS)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return str(rounded(value))
    return "" if value is None else str(value)
