"""Walks: parts of an index of the embedded MongoDB, read in its order or against it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from math import prod
from typing import Any

import bson
from bson import Decimal128, ObjectId
from secantus import storage
from secantus.sortkey import COMPOUND_SEP, encode_value_directed
from secantus.storage import Storage

Document = Mapping[str, Any]
Sort = list[tuple[str, int]]
SCALARS = (str, bool, int, float, ObjectId, datetime, Decimal128)
EXACT = (str, bool, ObjectId, datetime)  # of which an index entry tells any two apart
INVERTIBLE = (int, float, Decimal128, datetime)  # whose descending order SecantusDB has right
ORDINARY_OPTIONS = {"entryFormat", "unique", "v", "name", "background"}  # not that it has arrays
LOWER, UPPER = ("$gt", "$gte"), ("$lt", "$lte")
MAX_ALTERNATIVES = 20
ID_INDEX = "_id_"
AFTER = b"\xff" * 16  # after all entries that begin with a prefix


@dataclass(frozen=True)
class Walk:
    """A part of an index: the entries between two keys, forwards or backwards.

    The last key is that of all entries that begin with it. Both may include entries that do not match.
    """

    index: str
    first: bytes
    last: bytes
    backwards: bool
    fields: list[str]  # that the query compares with one value, which all entries have
    covered: bool  # these are the whole query
    inverted: list[str]  # fields of the order that the index has in descending order

    @property
    def precision(self) -> tuple[int, bool]:
        return len(self.fields), self.first != self.last


def alternatives(query: Document) -> list[Document]:
    """Return queries with one value in the place of each `$in`, which together match the same documents."""
    conditions = list(flattened(query))
    choices = [[(field, each) for each in values_of(condition)] for field, condition in conditions]
    if not conditions or prod(map(len, choices)) > MAX_ALTERNATIVES:
        return [query]
    return [{"$and": [{field: value} for field, value in chosen]} for chosen in product(*choices)]


def values_of(condition: Any) -> list[Any]:
    """Return the distinct values of an `$in`, or the condition itself."""
    if not isinstance(condition, Mapping) or set(condition) != {"$in"}:
        return [condition]
    values = list(condition["$in"])
    integers = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    comparable = integers or all(isinstance(value, EXACT) for value in values)
    return list(dict.fromkeys(values)) if comparable else [condition]


def equalities(query: Document) -> tuple[dict[str, Any], bool]:
    """Return the fields that a query compares with one value, and whether entries tell if it matches."""
    conditions = list(flattened(query))
    equal = {field: value for field, value in conditions if isinstance(value, SCALARS) and field[0] != "$"}
    exact = all(isinstance(value, EXACT) for value in equal.values())
    return equal, exact and len(equal) == len(conditions)


def flattened(query: Document) -> Iterator[tuple[str, Any]]:
    """Yield the conditions of a query and of its $and, by which the ORM joins conditions."""
    for field, value in query.items():
        if field == "$and":
            for part in value:
                yield from flattened(part)
        else:
            yield field, value


def best_walk(self: Storage, db: str, coll: str, query: Document, sort: Sort) -> Walk | None:
    """Return the walk in the wanted order that the conditions of the query narrow down most."""
    indexes = [(ID_INDEX, {"_id": 1}, {}), *self._iter_indexes(db, coll)]
    usable = (index for index in indexes if set(index[2]) <= ORDINARY_OPTIONS)
    walks = (walk_of(name, key, query, sort) for name, key, _ in usable)
    return max(filter(None, walks), key=lambda walk: walk.precision, default=None)


def walk_of(name: str, key: Document, query: Document, sort: Sort) -> Walk | None:
    """Return the walk of an index that yields the wanted order, if it can."""
    fields, (equal, whole) = list(key.items()), equalities(query)
    length = next((at for at, (field, _) in enumerate(fields) if field not in equal), len(fields))
    rest, used = fields[length:], [field for field, _ in fields[:length]]
    order = [(field, step) for field, step in sort if field not in used]  # one value each, since no array
    steps = {step * other for (_, step), (_, other) in zip(rest, order, strict=False)}
    if [field for field, _ in rest[: len(order)]] != [field for field, _ in order] or len(steps) > 1:
        return None
    parts = [encode_value_directed(equal[field], step) for field, step in fields[:length]]
    prefix = COMPOUND_SEP.join(parts) + (COMPOUND_SEP if parts and rest else b"")
    first, last = bounds(prefix, query, rest[0]) if rest and name != ID_INDEX else (prefix, prefix)
    if not length and first == last and (equal or (query and not order)):
        return None  # another index may be more selective
    end = b"" if rest or not parts else storage._ENTRY_SEP
    return Walk(
        name,
        first=storage._escape_kb(first) + end,
        last=storage._escape_kb(last) + end,
        backwards=steps == {-1},
        fields=used,
        covered=whole and set(used) == equal.keys(),
        inverted=[field for field, step in rest[: len(order)] if step == -1],
    )


def bounds(prefix: bytes, query: Document, place: tuple[str, int]) -> tuple[bytes, bytes]:
    """Return the first and the last key for the conditions on the field that follows the prefix."""
    field, step = place
    ends = {True: prefix, False: prefix}
    for name, condition in flattened(query):
        if name == field and isinstance(condition, Mapping) and len(condition) == 1:
            [(operator, value)] = condition.items()
            may_bound = isinstance(value, SCALARS if step == 1 else INVERTIBLE)
            if operator in (*LOWER, *UPPER) and may_bound and not isinstance(value, bool):
                is_first = (operator in LOWER) == (step == 1)
                ends[is_first] = prefix + encode_value_directed(value, step)
    return ends[True], ends[False]


def is_misplaced(document: Document, walk: Walk) -> bool:
    """Return whether SecantusDB's descending order of a value is wrong: it has "a" before "" and "ab"."""
    return any(not isinstance(document.get(field), (*SCALARS[1:], type(None))) for field in walk.inverted)


def walked(self: Storage, db: str, coll: str, walk: Walk) -> Iterator[tuple[bytes, int]]:
    """Yield the entries of a walk, each with its record's number."""
    is_id = walk.index == ID_INDEX
    where = (db, coll) if is_id else (db, coll, walk.index)
    cursor = self._cursor(storage._NAT_SEQ_TABLE if is_id else storage._IDX_ENTRIES_TABLE)
    step = cursor.prev if walk.backwards else cursor.next
    cursor.reset()
    cursor.set_key(*where, walk.last + AFTER if walk.backwards else walk.first)
    try:
        near = cursor.search_near()
        found = near != storage.wt.WT_NOTFOUND
        if found and (near > 0 if walk.backwards else near < 0):
            found = step() == 0
        while found:
            *place, entry = cursor.get_key()
            if tuple(place) != where or not is_within(entry, walk):
                return
            yield (b"", cursor.get_value()) if is_id else unpacked(bytes(entry))
            found = step() == 0
    finally:
        cursor.reset()


def is_within(entry: bytes, walk: Walk) -> bool:
    return entry >= walk.first if walk.backwards else entry <= walk.last or entry.startswith(walk.last)


def unpacked(entry: bytes) -> tuple[bytes, int]:
    key, record = storage._unpack_entry(entry)
    if record is None:
        raise ValueError("An index entry without a record.")
    return key, record


def documents(self: Storage, db: str, coll: str, records: Iterable[int]) -> Iterator[dict[str, Any]]:
    cursor = self._cursor_optional(storage._doc_table_for(db, coll))
    for record in records if cursor else ():
        cursor.reset()
        cursor.set_key(db, coll, record)
        if cursor.search() == 0:
            yield bson.decode(storage._unframe_doc_value(bytes(cursor.get_value()))[1])
