"""Let the embedded MongoDB find the distinct values of a field by jumping from one to the next in an index.

SecantusDB reads the whole collection for them. The filters of the audit log, the largest one, ask for them.
"""

from collections.abc import Iterator
from typing import Any

from secantus import commands, storage
from secantus.sortkey import COMPOUND_SEP, encode_value_directed
from secantus.storage import Storage

from ecommerce.devserver.embedded.mongo_index_reads import (
    AFTER,
    ORDINARY_OPTIONS,
    Walk,
    documents,
    walked,
)


def patch_distinct() -> None:
    distinct = commands._HANDLERS["distinct"]

    def handle(doc: dict[str, Any], context: Any) -> Any:
        if any(doc.get(option) for option in ("query", "collation", "hint")):
            return distinct(doc, context)
        values = distinct_values(context.storage, context.db_name, doc["distinct"], doc.get("key"))
        return distinct(doc, context) if values is None else {"values": values, "ok": 1.0}

    commands._HANDLERS["distinct"] = handle


def distinct_values(self: Storage, db: str, coll: str, field: Any) -> list[str] | None:
    """Return the values in ascending order; None without an index, or if a value is not a text."""
    self._refresh_read_snapshot()
    with self._lock:
        for name, key, options in self._iter_indexes(db, coll):
            if next(iter(key.items())) == (field, 1) and set(options) <= ORDINARY_OPTIONS:
                values = list(each_value(self, db, coll, name, field))
                return values if all(isinstance(value, str) for value in values) else None
    return None


def each_value(self: Storage, db: str, coll: str, index: str, field: str) -> Iterator[Any]:
    first = b""
    while True:
        rest = Walk(index, first, b"", backwards=False, fields=[], covered=False, inverted=[])
        entry = next(walked(self, db, coll, rest), None)
        if entry is None:
            return
        value = next(documents(self, db, coll, [entry[1]])).get(field)
        yield value
        if not isinstance(value, str):
            return
        start = storage._escape_kb(encode_value_directed(value, 1))
        separator = storage._escape_kb(COMPOUND_SEP)
        first = start + max(separator, storage._ENTRY_SEP) + AFTER
