"""Make the embedded MongoDB write index entries faster, without any change to what it answers.

An update costs a third less processor time, and that of a product two thirds less, since its search terms are
some 70 index entries. Inserting one costs half. tests/embedded_mongo/test_speed.py compares the answers.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

import bson
from secantus import sortkey, storage
from secantus.sortkey import COMPOUND_SEP, RANK_STRING, encode_value_directed
from secantus.storage import Storage

from ecommerce.devserver.embedded.mongo_speed import NUL, pack

ESCAPED_NUL, TEXT_RANK = b"\0\xff", bytes([RANK_STRING])
PLAIN_OPTIONS = {
    *("background", "entryFormat", "multikey", "name", "partialFilterExpression", "sparse", "unique", "v")
}
Document = Mapping[str, Any]
Index = tuple[str, Document, bool, bool]  # name, key, sparse, unique


def patch_index_writes() -> None:
    patch_index_entries()
    patch_index_definitions()
    patch_index_keys()


def patch_index_entries() -> None:
    """Let an update rewrite the entries of those indexes only whose fields it changes.

    SecantusDB removes all entries of the document as it was and then writes all of the document as it is.
    """
    update, delete_entries, write_entries = (
        Storage._update_matching_single_txn,
        Storage._delete_index_entries,
        Storage._write_index_entries,
    )
    state = threading.local()

    def update_matching(self: Storage, *where: Any, **options: Any) -> Any:
        state.updating, state.old = True, None
        try:
            return update(self, *where, **options)
        finally:
            state.updating, state.old = False, None

    def delete(self: Storage, *where: Any, recordid: int) -> None:
        if getattr(state, "updating", False):
            state.old = recordid, where[2]  # `write` follows with the new document
        else:
            delete_entries(self, *where, recordid=recordid)

    def write(self: Storage, db: str, coll: str, new: Document, *which: Any, recordid: int) -> None:
        updated, old = getattr(state, "old", None) or (None, {})
        if updated == recordid:
            indexes, partial = which
            which = list(changed_indexes(old, new, indexes, partial)), partial
            delete_entries(self, db, coll, old, *which, recordid=recordid)
        write_index_entries(self, db, coll, new, *which, recordid=recordid, otherwise=write_entries)

    Storage._update_matching_single_txn = update_matching
    Storage._delete_index_entries, Storage._write_index_entries = delete, write


def write_index_entries(
    self: Storage,
    db: str,
    coll: str,
    document: Document,
    indexes: list[Index],
    partial: Document,
    *,
    recordid: int,
    otherwise: Callable[..., None],
) -> None:
    """Write the entries of a document at once, and leave unusual indexes to SecantusDB."""
    cursor = self._cursor(storage._IDX_ENTRIES_TABLE)
    options = self._index_options_map(db, coll)
    end, encoded = storage._ENTRY_SEP + recordid.to_bytes(8, "big", signed=True), dict[Any, list[bytes]]()
    for index in indexes:
        name, key, sparse, unique = index
        if not (set(key.values()) <= {1, -1} and set(options.get(name, ())) <= PLAIN_OPTIONS):
            otherwise(self, db, coll, document, [index], partial, recordid=recordid)
            continue
        if name in partial and not storage.matches(document, partial[name]):
            continue
        start = place(db, coll, name)
        for entry in index_keys(document, key, sparse, encoded):
            insert_packed(cursor, start + entry.replace(NUL, ESCAPED_NUL) + end)
            if unique:
                self._claim_unique_key(db, coll, name, entry, recordid, key, document, None)


@lru_cache
def place(db: str, coll: str, index: str) -> bytes:
    """Return the beginning of the keys of an index's entries."""
    return bytes(pack("SSSu", db, coll, index, NUL)[:-1])


def insert_packed(cursor: Any, key: bytes) -> None:
    """Do what `cursor[key] = b""` does."""
    cursor._key, cursor._value = key, b""  # WiredTiger keeps pointers to them
    cursor._set_key(key)
    cursor._set_value(b"")
    if cursor.insert() != 0:
        raise KeyError


def index_keys(
    document: Document, key: Document, sparse: bool, encoded: dict[Any, list[bytes]]
) -> Iterable[bytes]:
    """Return a document's keys in an index, each once; `encoded` keeps fields for the other indexes."""
    if sparse and not storage._sparse_covers(document, key):
        return ()
    for column in key.items():
        if column not in encoded:
            values, _ = storage._index_field_values(document, column[0])
            keys = (encode_value_directed(value, int(column[1])) for value in values)
            encoded[column] = list(dict.fromkeys(keys))
    columns = [encoded[column] for column in key.items()]
    return columns[0] if len(columns) == 1 else dict.fromkeys(map(COMPOUND_SEP.join, product(*columns)))


def patch_index_keys() -> None:
    """Encode texts and read fields that are no paths without looking for all that they might be."""
    variants, values, encode, makes_multikey = (
        storage._index_key_variants,
        storage._index_field_values,
        sortkey.encode_value,
        storage._doc_makes_multikey,
    )

    def index_key_variants(
        document: Document, key: Document, *, sparse: bool, collation: Any = None
    ) -> list[bytes]:
        if collation is not None:
            return list(variants(document, key, sparse=sparse, collation=collation))
        return list(index_keys(document, key, sparse, {}))

    def index_field_values(document: Document, field: str) -> tuple[list[Any], bool]:
        if "." in field or type(document) is not dict:
            found: tuple[list[Any], bool] = values(document, field)
            return found
        value = document.get(field)
        return ([*value, value], True) if isinstance(value, list) else ([value], False)

    def doc_makes_multikey(document: Document, key: Document) -> bool:
        if type(document) is not dict or any("." in field for field in key):
            return bool(makes_multikey(document, key))
        return any(isinstance(document.get(field), list) for field in key)

    def encode_value(value: Any, *, collation: Any = None) -> bytes:
        if type(value) is str and collation is None:
            return TEXT_RANK + value.encode().replace(NUL, ESCAPED_NUL)
        return bytes(encode(value, collation=collation))

    storage._index_key_variants, storage._index_field_values = index_key_variants, index_field_values
    sortkey.encode_value, storage._doc_makes_multikey = encode_value, doc_makes_multikey


def patch_index_definitions() -> None:
    """Read the indexes of a collection once in each statement, whose lock keeps them as they are.

    SecantusDB reads and decodes them up to seven times for each document.
    """
    insert, update, all_indexes, iterate = (
        Storage._insert_chunk,
        Storage._update_matching_single_txn,
        Storage._all_indexes,
        Storage._iter_indexes,
    )
    state = threading.local()

    def scoped(statement: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: Storage, *where: Any, **options: Any) -> Any:
            outer = getattr(state, "known", None)
            state.known = {}
            try:
                return statement(self, *where, **options)
            finally:
                state.known = outer

        return run

    def reread(self: Storage, db: str, coll: str) -> Any:
        """Read them anew: a statement does so once it has the lock, and again after a conflict."""
        known = getattr(state, "known", None)
        if known is not None:
            known[db, coll] = list(iterate(self, db, coll))
        return all_indexes(self, db, coll)

    def iter_indexes(self: Storage, db: str, coll: str) -> Any:
        known = getattr(state, "known", None) or {}
        return known.get((db, coll)) or iterate(self, db, coll)

    Storage._insert_chunk, Storage._update_matching_single_txn = scoped(insert), scoped(update)
    Storage._all_indexes, Storage._iter_indexes = reread, iter_indexes


def changed_indexes(old: Document, new: Document, indexes: list[Index], partial: Document) -> Iterator[Index]:
    """Yield the indexes whose entries may differ between two states of a document."""
    same: dict[str, bool] = {}
    for index in indexes:
        fields = {path.partition(".")[0] for path in index[1]}
        for field in fields - same.keys():
            same[field] = stored(old, field) == stored(new, field)
        if index[0] in partial or not all(same[field] for field in fields):
            yield index


def stored(document: Document, field: str) -> bytes | None:
    """Return a field as it is stored, which tells 1 from 1.0, or None if there is none."""
    return bson.encode({"": document[field]}) if field in document else None
