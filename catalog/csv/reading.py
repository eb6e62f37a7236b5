"""The products of a file, in either format."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from catalog.csv import own_format, shopify_format
from catalog.csv.entry import Entry
from catalog.csv.table import Rejected, Table, UnusableFile


def entries(table: Table) -> Iterator[Entry | Rejected]:
    """Yield every product and every rejected line. Raises UnusableFile for the header of neither format."""
    if table.columns >= set(shopify_format.NEEDED):
        table.refuse_repeated(shopify_format.KNOWN)
        return _compare_slugs(shopify_format.entries(table.rows(), header=table.columns))
    needed = own_format.required_columns()
    if table.columns >= set(needed):
        table.refuse_repeated(own_format.columns())
        return _compare_slugs(own_format.entries(table.rows(), header=table.columns))
    raise UnusableFile(
        f"The header has neither our columns ({', '.join(needed)}) "
        f"nor those of a Shopify product export ({', '.join(shopify_format.NEEDED)})."
    )


def _compare_slugs(found: Iterable[Entry | Rejected]) -> Iterator[Entry | Rejected]:
    """Note the earlier line of a repeated product, and reject different products with the same slug."""
    # The slugs are kept in a temporary file, so that memory does not grow with the catalogue.
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (slug PRIMARY KEY, source, line) WITHOUT ROWID")
        for item in found:
            yield item if isinstance(item, Rejected) else _compare_slug(item, seen)


def _compare_slug(entry: Entry, seen: sqlite3.Connection) -> Entry | Rejected:
    earlier = seen.execute("SELECT source, line FROM seen WHERE slug = ?", [entry.slug]).fetchone()
    if earlier is None:
        seen.execute("INSERT INTO seen VALUES (?, ?, ?)", [entry.slug, entry.source, entry.line])
        return entry
    source, line = earlier
    if source != entry.source:
        return Rejected(entry.line, f"the slug {entry.slug} is that of {source} on line {line}")
    return replace(entry, earlier_line=line)
