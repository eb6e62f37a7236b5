"""A product as a file describes it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    line: int
    source: str  # its name in the file: a slug, or the handle from which the slug is made
    slug: str
    fields: dict[str, Any]  # of Product, as far as the file has columns for them; never the stock
    quantity: int | None  # the stock, if the file gives it
    product_id: int | None = None
    earlier_line: int | None = None  # of the same product
