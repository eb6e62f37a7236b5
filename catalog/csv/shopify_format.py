"""Shopify's product export, in which a product has several lines for its variants and pictures.

Products of this shop have no variants yet, so each variant becomes a product.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.utils.text import slugify

from catalog.csv import cells
from catalog.csv.cells import Unreadable
from catalog.csv.entry import Entry
from catalog.csv.plain_text import plain_text
from catalog.csv.table import Rejected, Row

NEEDED = ("Handle", "Title", "Variant Price")
HANDLE, TITLE, PRICE = NEEDED
BODY, TYPE, PUBLISHED, STATUS = "Body (HTML)", "Type", "Published", "Status"
QUANTITY, COMPARE_AT = "Variant Inventory Qty", "Variant Compare At Price"
PICTURE, VARIANT_PICTURE = "Image Src", "Variant Image"
OPTIONS = ("Option1 Value", "Option2 Value", "Option3 Value")
KNOWN = {*NEEDED, BODY, TYPE, PUBLISHED, STATUS, QUANTITY, COMPARE_AT, PICTURE, VARIANT_PICTURE, *OPTIONS}
MAX_LINES = 5000  # per handle, whose lines are read together; Shopify allows 2048 variants

Group = list[Row]
Reader = Callable[["Variant"], Any]


def entries(rows: Iterable[Row | Rejected], *, header: set[str]) -> Iterator[Entry | Rejected]:
    """Yield a product for each variant, with the fields for which the header has a column."""
    readers = {field: read for field, (columns, read) in FIELDS.items() if columns & header}
    for group in _groups(rows):
        if isinstance(group, Rejected):
            yield group
        else:
            yield from _variants(group, readers)


class Variant:
    """One line, which inherits empty cells from the first line of its handle."""

    def __init__(self, row: Row, group: Group, *, is_only_one: bool) -> None:
        self.row, self._is_only_one = row, is_only_one
        self._first = next((line for line in group if line[TITLE]), group[0])
        self.picture = row[VARIANT_PICTURE] or next(filter(None, (line[PICTURE] for line in group)), None)
        self.options = [text for name in OPTIONS if (text := cells.one_line(row[name]))]

    def __getitem__(self, column: str) -> str:
        return self.row[column] or self._first[column]

    @property
    def name(self) -> str:
        title = cells.one_line(self[TITLE])
        if not title:
            raise Unreadable("there is no title, here or on the handle's first line")
        return title if self._is_only_one else f"{title} - {' / '.join(self._distinguishing_options)}"

    @property
    def slug(self) -> str:
        handle = self.row[HANDLE]
        if not re.fullmatch("[A-Za-z0-9-]+", handle):
            handle = _slug_of(handle)
        if self._is_only_one:
            return handle
        return "-".join([handle, *map(_slug_of, self._distinguishing_options)])

    @property
    def is_active(self) -> bool:
        return cells.truth(self[PUBLISHED], PUBLISHED) and self[STATUS].lower() in {"", "active"}

    @property
    def _distinguishing_options(self) -> list[str]:
        if not self.options:
            raise Unreadable("there is no option value to tell it from the handle's other variants")
        return self.options


# The columns of each product field, and how it is read. Without any of its columns a field stays as it is.
FIELDS: dict[str, tuple[set[str], Reader]] = {
    "slug": ({HANDLE}, lambda v: v.slug),
    "name": ({TITLE}, lambda v: v.name),
    "price": ({PRICE}, lambda v: cells.price(v.row[PRICE])),
    "compare_at_price": ({COMPARE_AT}, lambda v: cells.optional_price(v.row[COMPARE_AT], "compare-at price")),
    "description": ({BODY}, lambda v: plain_text(v[BODY])),
    "category": ({TYPE}, lambda v: cells.one_line(v[TYPE]) or None),
    "image": ({PICTURE, VARIANT_PICTURE}, lambda v: v.picture),
    "is_active": ({PUBLISHED, STATUS}, lambda v: v.is_active),
}


def _groups(rows: Iterable[Row | Rejected]) -> Iterator[Group | Rejected]:
    """Yield the lines of each handle, which are consecutive in an export."""
    group: Group = []
    for row in rows:
        if isinstance(row, Rejected):
            yield row
        elif not row[HANDLE]:
            yield Rejected(row.line, "there is no handle")
        elif not group or row[HANDLE] == group[0][HANDLE]:
            if len(group) < MAX_LINES:
                group.append(row)
            else:
                yield Rejected(row.line, f"the handle has more than {MAX_LINES} lines")
        else:
            yield group
            group = [row]
    if group:
        yield group


def _variants(group: Group, readers: dict[str, Reader]) -> Iterator[Entry | Rejected]:
    """Yield a product for each variant; a line with neither title nor price only adds a picture."""
    lines = [row for row in group if row[TITLE] or row[PRICE]]
    if not lines:
        yield Rejected(group[0].line, "there is neither a title nor a price on any line of the handle")
    slugs: set[str] = set()
    for row in lines:
        entry = _entry(Variant(row, group, is_only_one=len(lines) == 1), readers)
        if isinstance(entry, Entry) and entry.slug in slugs:
            entry = Rejected(row.line, f"the slug {entry.slug} is that of another variant of the handle")
        elif isinstance(entry, Entry):
            slugs.add(entry.slug)
        yield entry


def _entry(variant: Variant, readers: dict[str, Reader]) -> Entry | Rejected:
    try:
        fields = cells.checked({field: read(variant) for field, read in readers.items()})
        quantity = cells.quantity(variant.row[QUANTITY])
    except Unreadable as refusal:
        return Rejected(variant.row.line, str(refusal))
    line, handle = variant.row.line, variant.row[HANDLE]
    return Entry(line=line, source=handle, slug=fields.pop("slug"), fields=fields, quantity=quantity)


def _slug_of(text: str) -> str:
    """Return the text in plain letters, or a digest if it has none."""
    return slugify(text).replace("_", "-") or hashlib.sha256(text.encode()).hexdigest()[:8]
