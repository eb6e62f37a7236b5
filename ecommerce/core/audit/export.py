"""The audit log as CSV."""

import json
from collections.abc import Iterable, Iterator
from typing import TextIO

from django.db.models import QuerySet

from ecommerce.core.models import AuditEntry
from ecommerce.core.text import csv_files
from ecommerce.core.text.times import as_json as time_as_json

COLUMNS = (
    "at",
    "actor_id",
    "actor",
    "action",
    "object_kind",
    "object_id",
    "object_label",
    "before",
    "after",
    "ip",
)


def lines(entries: "QuerySet[AuditEntry]") -> Iterator[str]:
    """Yield the header and a line for each entry, reading the entries from the database meanwhile."""
    yield from csv_files.lines([COLUMNS])
    yield from csv_files.lines(map(_row, entries.iterator()))


def export(entries: "QuerySet[AuditEntry]", file: TextIO) -> int:
    """Write the entries to the file; return their number."""
    written = -1  # the header does not count
    for line in lines(entries):
        file.write(line)
        written += 1
    return written


def _row(entry: AuditEntry) -> Iterable[str]:
    yield time_as_json(entry.at)
    for name in ("actor_id", "actor", "action", "object_kind", "object_id", "object_label"):
        yield csv_files.escape_formula(str(getattr(entry, name) or ""))
    yield csv_files.escape_json(json.dumps(entry.before, ensure_ascii=False))
    yield csv_files.escape_json(json.dumps(entry.after, ensure_ascii=False))
    yield entry.ip or ""
