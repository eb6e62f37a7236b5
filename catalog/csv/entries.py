"""A table's products, whichever the format."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from catalog.csv import own_format, shopify_format
from catalog.csv.entry import Entry
from catalog.csv.table import Rejected, Table, UnusableFile


def entries(table: Table) -> Iterator[Entry | Rejected]:
    """Every product and every rejected line. Raises UnusableFile for a header of neither format."""
    if table.columns >= set(shopify_format.NEEDED):
        table.refuse_repeated(shopify_format.KNOWN)
        return _told_apart(shopify_format.entries(table.rows(), table.columns))
    if table.columns >= set(own_format.NEEDED):
        table.refuse_repeated(own_format.COLUMNS)
        return _told_apart(own_format.entries(table.rows(), table.columns))
    raise UnusableFile(
        f"The header has neither our columns ({', '.join(own_format.NEEDED)}) "
        f"nor those of a Shopify product export ({', '.join(shopify_format.NEEDED)})."
    )


def _told_apart(found: Iterable[Entry | Rejected]) -> Iterator[Entry | Rejected]:
    """One product twice is noted, for the last line wins; two that come to one slug are refused."""
    # What was seen is kept in a temporary file, so that memory does not grow with the catalogue.
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (slug PRIMARY KEY, source, line) WITHOUT ROWID")
        for each in found:
            yield each if isinstance(each, Rejected) else _compared(each, seen)


def _compared(entry: Entry, seen: sqlite3.Connection) -> Entry | Rejected:
    earlier = seen.execute("SELECT source, line FROM seen WHERE slug = ?", [entry.slug]).fetchone()
    if earlier is None:
        seen.execute("INSERT INTO seen VALUES (?, ?, ?)", [entry.slug, entry.source, entry.line])
        return entry
    source, line = earlier
    if source != entry.source:
        return Rejected(entry.line, f"the slug {entry.slug} is that of {source} on line {line}")
    return replace(entry, earlier_line=line)
