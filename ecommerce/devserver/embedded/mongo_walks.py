"""Let the embedded MongoDB read a sorted list by walking an index, and count without reading documents.

For the queries of the ORM, SecantusDB reads and sorts all documents that match before it takes the first 20.
With this patch it reads only those that can be in the answer; the stages of the pipeline then run as before.
A query for which no index serves is left to SecantusDB. The patch can go when
`test_a_sorted_list_reads_no_more_than_it_needs_without_the_patch` passes.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import bson
from bson import Decimal128, ObjectId
from secantus import commands, storage
from secantus.query import matches
from secantus.sortkey import COMPOUND_SEP, encode_value, encode_value_directed
from secantus.storage import Storage

Document = Mapping[str, Any]
Sort = list[tuple[str, int]]
SCALARS = (str, bool, int, float, ObjectId, datetime, Decimal128)
EXACT = (str, bool, ObjectId, datetime)  # of which an index entry tells any two apart
SYSTEM_DATABASES = {"admin", "config", "local"}
ORDINARY_OPTIONS = {"entryFormat", "unique", "v", "name", "background"}
IS_NULL = {"$in": [{"$type": {"$literal": True}}, ["missing", "null"]]}
NUMBER = {"$sum": {"$cond": {"if": IS_NULL, "then": None, "else": 1}}}
COUNT_STAGE = {"$facet": {"group": [{"$group": {"__count": NUMBER, "_id": None}}]}}  # of QuerySet.count()
EXISTS_STAGE = {"$project": {"a": {"$literal": 1}}}  # of QuerySet.exists()
NOT_NULL = ({"$exists": True}, {"$ne": None})  # the ORM adds both to an upper bound
# How an entry compares with a bound, both as bytes: the entry of the bound's value begins with the bound.
COMPARISONS: dict[str, Callable[[bytes, bytes], bool]] = {
    "$gt": lambda entry, bound: entry > bound and not entry.startswith(bound),
    "$gte": lambda entry, bound: entry >= bound,
    "$lt": lambda entry, bound: entry < bound,
    "$lte": lambda entry, bound: entry < bound or entry.startswith(bound),
}
PATIENCE = 2000  # index entries that a walk may visit beyond 20 for each wanted document
ID_INDEX = "_id_"
AFTER = b"\xff" * 16  # after all entries that begin with a prefix
requested = threading.local()


@dataclass(frozen=True)
class Wanted:
    """What the stages after a `$match` need: the first documents of an order, or only their number.

    With `group` it is the number of documents for each value of this field.
    """

    collection: str
    sort: Sort
    limit: int
    counts: bool = False
    group: str = ""


@dataclass(frozen=True)
class Walk:
    """A part of an index: the entries that begin with a prefix, forwards or backwards."""

    index: str
    prefix: bytes
    backwards: bool
    fields: list[str]  # whose values the prefix is
    covered: bool  # the prefix is the whole query
    inverted: list[str]  # fields of the order that the index has in descending order
    is_open: bool = False  # the prefix may end within a value


def patch_walks() -> None:
    aggregate, find_matching = commands._HANDLERS["aggregate"], Storage.find_matching

    def handle(doc: dict[str, Any], context: Any) -> Any:
        requested.wanted = wanted_by(doc)
        try:
            return aggregate(doc, context)
        finally:
            requested.wanted = None

    def find(self: Storage, db: str, coll: str, query: Any = None, *, let: Any = None, **options: Any) -> Any:
        wanted, requested.wanted = getattr(requested, "wanted", None), None
        if wanted and wanted.collection == coll and not any(options.values()) and db not in SYSTEM_DATABASES:
            found = first_documents(self, db, coll, query or {}, wanted, let)
            if found is not None:
                return found
        return find_matching(self, db, coll, query, let=let, **options)

    commands._HANDLERS["aggregate"], Storage.find_matching = handle, find


def wanted_by(command: Document) -> Wanted | None:
    """Return what the pipeline of a command needs of its collection, or None if that is everything."""
    collection, stages = command["aggregate"], list(command.get("pipeline") or [])
    if stages and set(stages[0]) == {"$match"}:
        stages.pop(0)
    if stages and stages[0] == COUNT_STAGE:
        return Wanted(collection, [], 0, counts=True)
    if field := counted_field(stages):
        return Wanted(collection, [(field, 1)], 0, group=field)
    if stages and (is_identity(stages[0]) or stages[0] == EXISTS_STAGE):
        stages.pop(0)
    sort = list(taken(stages, "$sort", {}).items())
    skip, limit = taken(stages, "$skip", 0), taken(stages, "$limit", 0)
    ordered = all(step in (1, -1) for _, step in sort)
    return Wanted(collection, sort, skip + limit) if limit > 0 and ordered else None


def counted_field(stages: list[Document]) -> str:
    """Return the field for whose values a `$group` counts the documents, or an empty text."""
    group = dict(stages[0].get("$group", {})) if stages else {}
    field = group.pop("_id", None)
    only_counts = list(group.values()) == [{"$sum": 1}]
    return (
        field[1:] if only_counts and isinstance(field, str) and field[:1] == "$" and "." not in field else ""
    )


def taken(stages: list[Document], operator: str, default: Any) -> Any:
    """Remove the first stage if it is of this kind, and return its value."""
    is_first = stages and set(stages[0]) == {operator} and isinstance(stages[0][operator], type(default))
    return stages.pop(0)[operator] if is_first else default


def is_identity(stage: Document) -> bool:
    """Return whether a stage is the {"$addFields": {"price": "$price"}} that the ORM puts before a sort."""
    added = stage.get("$addFields", {}) if len(stage) == 1 else {}
    return bool(added) and all(value == f"${field}" for field, value in added.items())


def first_documents(
    self: Storage, db: str, coll: str, query: Document, wanted: Wanted, variables: Document
) -> Sequence[Document] | None:
    """Return the first matching documents, or empty ones to be counted, or None if no index serves."""
    self._refresh_read_snapshot()
    with self._lock:
        if wanted.counts and (number := counted_range(self, db, coll, query)) is not None:
            return [{}] * number
        walk = best_walk(self, db, coll, query, wanted.sort)
        if walk is None:
            return None
        entries = (record for _, record in walked(self, db, coll, walk))
        if wanted.counts:
            return [{}] * sum(1 for _ in entries) if walk.covered else None
        if wanted.group:
            return grouped(self, db, coll, walk, wanted.group) if walk.covered else None
        patience = PATIENCE + 20 * wanted.limit
        read = documents(self, db, coll, islice(entries, patience))
        found = list(islice((doc for doc in read if matches(doc, query, vars=variables)), wanted.limit))
        complete = len(found) == wanted.limit or next(entries, None) is None
        return found if complete and not any(is_misplaced(doc, walk) for doc in found) else None


def counted_range(self: Storage, db: str, coll: str, query: Document) -> int | None:
    """Count by an index the documents with a number in some bounds and True in another field.

    Such are the queries for the products in stock and for those with little of it. None for any other query.
    """
    conditions = list(flattened(query))
    flags = {field for field, value in conditions if value is True}
    bounds = [(field, *bound) for field, value in conditions for bound in bounds_of(value)]
    fields = {field for field, *_ in bounds}
    if len(flags) != 1 or len(fields) != 1 or {field for field, _ in conditions} != flags | fields:
        return None
    if not any(operator for _, operator, _ in bounds):
        return None
    if sum(len(bounds_of(value)) or value is True for _, value in conditions) != len(conditions):
        return None
    key = [(field, 1) for field in (*fields, *flags)]
    for name, fields_of_index, options in self._iter_indexes(db, coll):
        if list(fields_of_index.items()) == key and set(options) <= ORDINARY_OPTIONS:
            return len(records_between(self, db, coll, name, [tuple(bound) for _, *bound in bounds]))
    return None


def bounds_of(value: Any) -> list[tuple[str, int | None]]:
    """Return the bound that a condition sets, such as ("$gt", 0); one without a number for `is not null`."""
    if not isinstance(value, dict) or len(value) != 1:
        return []
    [(operator, operand)] = value.items()
    if operator in COMPARISONS and isinstance(operand, int) and not isinstance(operand, bool):
        return [(operator, operand)]
    return [("", None)] if value in NOT_NULL else []


def records_between(self: Storage, db: str, coll: str, index: str, bounds: list[Any]) -> set[int]:
    """Return the records of the entries with a number within the bounds and True; an array has several."""
    true = storage._escape_kb(COMPOUND_SEP + encode_value(True))
    tests = [
        (COMPARISONS[operator], storage._escape_kb(encode_value(number) + COMPOUND_SEP))
        for operator, number in bounds
        if operator
    ]
    numbers = Walk(index, encode_value(0)[:1], False, fields=[], covered=True, inverted=[], is_open=True)
    return {
        record
        for entry, record in walked(self, db, coll, numbers)
        if entry.endswith(true) and all(holds(entry, bound) for holds, bound in tests)
    }


def grouped(self: Storage, db: str, coll: str, walk: Walk, field: str) -> Sequence[Document] | None:
    """Return a document with the field alone for each entry of the walk; None for a value that is no text."""
    counts: dict[bytes, list[int]] = {}  # by the value as the index has it: the first record, and how many
    for entry, record in walked(self, db, coll, walk):
        value = entry[len(storage._escape_kb(walk.prefix)) :].partition(storage._escape_kb(COMPOUND_SEP))[0]
        counts.setdefault(value, [record, 0])[1] += 1
    found: list[Document] = []
    for document, (_, number) in zip(
        list(documents(self, db, coll, (record for record, _ in counts.values()))),
        counts.values(),
        strict=True,
    ):
        if not isinstance(document.get(field), (str, type(None))):
            return None
        found += [{field: document.get(field)}] * number
    return found


def best_walk(self: Storage, db: str, coll: str, query: Document, sort: Sort) -> Walk | None:
    """Return the walk in the wanted order whose prefix has the most fields of the query."""
    indexes = [(ID_INDEX, {"_id": 1}, {}), *self._iter_indexes(db, coll)]
    usable = (index for index in indexes if set(index[2]) <= ORDINARY_OPTIONS)
    walks = (walk_of(name, key, query, sort) for name, key, _ in usable)
    return max(filter(None, walks), key=lambda walk: len(walk.fields), default=None)


def is_misplaced(document: Document, walk: Walk) -> bool:
    """Return whether SecantusDB's descending order of a value is wrong: it has "a" before "" and "ab"."""
    return any(not isinstance(document.get(field), (*SCALARS[1:], type(None))) for field in walk.inverted)


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


def walk_of(name: str, key: Document, query: Document, sort: Sort) -> Walk | None:
    """Return the walk of an index that yields the wanted order, if it can."""
    fields, (equal, whole) = list(key.items()), equalities(query)
    length = next((at for at, (field, _) in enumerate(fields) if field not in equal), len(fields))
    rest, used = fields[length:], [field for field, _ in fields[:length]]
    order = [(field, step) for field, step in sort if field not in used]  # one value each, since no array
    steps = {step * other for (_, step), (_, other) in zip(rest, order, strict=False)}
    if [field for field, _ in rest[: len(order)]] != [field for field, _ in order] or len(steps) > 1:
        return None
    if equal and not length:
        return None  # another index may be more selective
    parts = [encode_value_directed(equal[field], step) for field, step in fields[:length]]
    return Walk(
        name,
        prefix=COMPOUND_SEP.join(parts) + (COMPOUND_SEP if parts and rest else b""),
        backwards=steps == {-1},
        fields=used,
        covered=whole and set(used) == equal.keys(),
        inverted=[field for field, step in rest[: len(order)] if step == -1],
        is_open=not parts,
    )


def walked(self: Storage, db: str, coll: str, walk: Walk) -> Iterator[tuple[bytes, int]]:
    """Yield the entries of a walk, each with its record's number."""
    where = (db, coll) if walk.index == ID_INDEX else (db, coll, walk.index)
    if walk.index == ID_INDEX:
        cursor, start = self._cursor(storage._NAT_SEQ_TABLE), b""
    else:
        cursor = self._cursor(storage._IDX_ENTRIES_TABLE)
        ends = b"" if walk.is_open or walk.prefix.endswith(COMPOUND_SEP) else storage._ENTRY_SEP
        start = storage._escape_kb(walk.prefix) + ends
    step = cursor.prev if walk.backwards else cursor.next
    cursor.reset()
    cursor.set_key(*where, start + AFTER if walk.backwards else start)
    try:
        near = cursor.search_near()
        found = near != storage.wt.WT_NOTFOUND
        if found and (near > 0 if walk.backwards else near < 0):
            found = step() == 0
        while found:
            *place, entry = cursor.get_key()
            if tuple(place) != where or not entry.startswith(start):
                return
            yield (b"", cursor.get_value()) if walk.index == ID_INDEX else unpacked(bytes(entry))
            found = step() == 0
    finally:
        cursor.reset()


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
