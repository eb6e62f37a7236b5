"""Shopify's product export: several lines a handle, for further variants and pictures.

Until products have variants, a handle with several becomes a product a variant.
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
MAX_LINES = 5000  # of one handle, which is read as a whole; Shopify allows 2048 variants

Group = list[Row]
Maker = Callable[["Variant"], Any]


def entries(rows: Iterable[Row | Rejected], columns: set[str]) -> Iterator[Entry | Rejected]:
    makers = {field: make for field, (names, make) in FIELDS.items() if names & columns}
    for group in _groups(rows):
        if isinstance(group, Rejected):
            yield group
        else:
            yield from _of_handle(group, makers)


class Variant:
    """A line, and what it inherits from the first line of its handle."""

    def __init__(self, row: Row, group: Group, *, only_one: bool) -> None:
        self.row, self._only_one = row, only_one
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
        return title if self._only_one else f"{title} - {' / '.join(self._distinct)}"

    @property
    def slug(self) -> str:
        handle = self.row[HANDLE]
        if not re.fullmatch("[A-Za-z0-9-]+", handle):
            handle = _slug_of(handle)
        return handle if self._only_one else "-".join([handle, *map(_slug_of, self._distinct)])

    @property
    def visible(self) -> bool:
        return cells.truth(self[PUBLISHED], PUBLISHED) and self[STATUS].lower() in {"", "active"}

    @property
    def _distinct(self) -> list[str]:
        if not self.options:
            raise Unreadable("there is no option value to tell it from the handle's other variants")
        return self.options


# Which of the product's fields the columns of a file give: a column that is missing changes nothing.
FIELDS: dict[str, tuple[set[str], Maker]] = {
    "slug": ({HANDLE}, lambda v: v.slug),
    "name": ({TITLE}, lambda v: v.name),
    "price": ({PRICE}, lambda v: cells.price(v.row[PRICE])),
    "compare_at_price": ({COMPARE_AT}, lambda v: cells.earlier_price(v.row[COMPARE_AT])),
    "description": ({BODY}, lambda v: plain_text(v[BODY])),
    "category": ({TYPE}, lambda v: cells.one_line(v[TYPE]) or None),
    "image": ({PICTURE, VARIANT_PICTURE}, lambda v: v.picture),
    "is_active": ({PUBLISHED, STATUS}, lambda v: v.visible),
}


def _groups(rows: Iterable[Row | Rejected]) -> Iterator[Group | Rejected]:
    """The lines of each handle, which stand together in an export."""
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


def _of_handle(group: Group, makers: dict[str, Maker]) -> Iterator[Entry | Rejected]:
    """A product a variant line; a line with neither title nor price only brings a picture."""
    lines = [row for row in group if row[TITLE] or row[PRICE]]
    if not lines:
        yield Rejected(group[0].line, "there is neither a title nor a price on any line of the handle")
    slugs: set[str] = set()
    for row in lines:
        found = _entry(Variant(row, group, only_one=len(lines) == 1), makers)
        if isinstance(found, Entry) and found.slug in slugs:
            found = Rejected(row.line, f"the slug {found.slug} is that of another variant of the handle")
        elif isinstance(found, Entry):
            slugs.add(found.slug)
        yield found


def _entry(variant: Variant, makers: dict[str, Maker]) -> Entry | Rejected:
    try:
        fields = cells.checked({field: make(variant) for field, make in makers.items()})
        quantity = cells.quantity(variant.row[QUANTITY])
    except Unreadable as refusal:
        return Rejected(variant.row.line, str(refusal))
    line, handle = variant.row.line, variant.row[HANDLE]
    return Entry(line=line, source=handle, slug=fields.pop("slug"), fields=fields, quantity=quantity)


def _slug_of(text: str) -> str:
    """What is left of the text in plain letters, or where nothing is, a digest of it."""
    return slugify(text).replace("_", "-") or hashlib.sha256(text.encode()).hexdigest()[:8]
