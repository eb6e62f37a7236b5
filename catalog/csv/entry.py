from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One product as a file describes it."""

    line: int
    source: str  # what the file calls it: a slug, or a handle that the slug was made of
    slug: str
    fields: dict[str, Any]  # of Product, only those that the file has columns for; no stock
    quantity: int | None  # the stock, where the file gives it
    product_id: int | None = None
    earlier_line: int | None = None  # of the same product
