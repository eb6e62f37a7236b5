"""Let the embedded MongoDB read a sorted list by walking an index, and count without reading documents.

For the queries of the ORM, SecantusDB reads and sorts all documents that match before it takes the first 20.
With this patch it reads only those that can be in the answer; the stages of the pipeline then run as before.
A query for which no index serves is left to SecantusDB. The patch can go when
`test_a_sorted_list_reads_no_more_than_it_needs_without_the_patch` passes.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import bson
from secantus import commands, storage
from secantus.query import matches
from secantus.sortkey import COMPOUND_SEP, encode_value
from secantus.storage import Storage

from ecommerce.devserver.embedded import mongo_index_reads
from ecommerce.devserver.embedded.mongo_index_reads import (
    ORDINARY_OPTIONS,
    Sort,
    Walk,
    alternatives,
    best_walk,
    flattened,
    is_misplaced,
    walk_of,
)

Document = Mapping[str, Any]
SYSTEM_DATABASES = {"admin", "config", "local"}
IS_NULL = {"$in": [{"$type": {"$literal": True}}, ["missing", "null"]]}
NUMBER = {"$sum": {"$cond": {"if": IS_NULL, "then": None, "else": 1}}}
COUNT_STAGE = {"$facet": {"group": [{"$group": {"__count": NUMBER, "_id": None}}]}}  # of QuerySet.count()
ONLY_ID_STAGE = {"$project": {"_id": 1}}  # before the limit of a sliced QuerySet.count()
EXISTS_STAGE = {"$project": {"a": {"$literal": 1}}}  # of QuerySet.exists()
NOT_NULL = ({"$exists": True}, {"$ne": None})  # the ORM adds both to an upper bound
# How an entry compares with a bound, both as bytes: the entry of the bound's value begins with the bound.
COMPARISONS: dict[str, Callable[[bytes, bytes], bool]] = {
    "$gt": lambda entry, bound: entry > bound and not entry.startswith(bound),
    "$gte": lambda entry, bound: entry >= bound,
    "$lt": lambda entry, bound: entry < bound,
    "$lte": lambda entry, bound: entry < bound or entry.startswith(bound),
}
FEW = 50  # documents that are read and sorted rather than found by a walk
PATIENCE = 2000  # index entries that a walk may visit beyond 20 for each wanted document
requested = threading.local()


@dataclass(frozen=True)
class Wanted:
    """What the stages after a `$match` need: the first documents of an order, or only their number.

    A limit of 0 stands for all of them.

    With `group` it is the number of documents for each value of this field.
    """

    collection: str
    sort: Sort
    limit: int
    counts: bool = False
    group: str = ""

    @property
    def is_list(self) -> bool:
        return not self.counts and not self.group


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
    if (most := counting_limit(stages)) is not None:
        return Wanted(collection, [], most, counts=True)
    if field := counted_field(stages):
        return Wanted(collection, [(field, 1)], 0, group=field)
    if stages and (is_identity(stages[0]) or stages[0] == EXISTS_STAGE):
        stages.pop(0)
    sort = list(taken(stages, "$sort", {}).items())
    skip, limit = taken(stages, "$skip", 0), taken(stages, "$limit", 0)
    ordered = all(step in (1, -1) for _, step in sort)
    return Wanted(collection, sort, skip + limit if limit else 0) if ordered else None


def counting_limit(stages: list[Document]) -> int | None:
    """Return up to how many documents the stages count, with 0 for all of them; None if they do not count."""
    rest = list(stages)
    if rest[:1] == [ONLY_ID_STAGE]:
        rest.pop(0)
    limit = taken(rest, "$limit", 0)
    return int(limit) if rest[:1] == [COUNT_STAGE] else None


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
    found: list[Document] = []
    with self._lock:
        if wanted.counts and (number := counted_range(self, db, coll, query)) is not None:
            return [{}] * min(number, wanted.limit or number)
        if is_for_lookup(query):
            return None
        parts = alternatives(query)
        for part in parts:
            walk = best_walk(self, db, coll, part, wanted.sort)
            some = few_documents(self, db, coll, part, walk) if wanted.is_list else None
            if some is not None:
                some = [doc for doc in some if matches(doc, part, vars=variables)]
            elif walk:
                some = first_of_part(self, db, coll, part, wanted, walk, variables)
            if some is None:
                return None
            found += some
    return distinct(found) if len(parts) > 1 else found


def is_for_lookup(query: Document) -> bool:
    """Return whether a query has a condition on _id or an array, whose index is the most selective."""
    return any(
        field == "_id" or (isinstance(condition, Mapping) and "$elemMatch" in condition)
        for field, condition in flattened(query)
    )


def distinct(found: list[Document]) -> list[Document]:
    """Return each document once: one with an array may match several parts of a query."""
    by_id = {bson.encode({"": doc.get("_id", at)}): doc for at, doc in enumerate(found)}
    return list(by_id.values())


def first_of_part(
    self: Storage, db: str, coll: str, query: Document, wanted: Wanted, walk: Walk, variables: Document
) -> Sequence[Document] | None:
    """Return the first documents of a walk that match, or None if it would go through too many others."""
    entries = (record for _, record in mongo_index_reads.walked(self, db, coll, walk))
    if wanted.is_list and not wanted.limit and not any(walk.precision):
        return None  # SecantusDB reads a whole collection faster, or may know a more selective index
    if wanted.counts and walk.covered:
        return [{}] * sum(1 for _ in islice(entries, wanted.limit or None))
    if wanted.group:
        return grouped(self, db, coll, walk, wanted.group) if walk.covered else None
    patience = PATIENCE + 20 * wanted.limit if wanted.limit and not wanted.counts else None
    read = mongo_index_reads.documents(self, db, coll, islice(entries, patience))
    matching = (doc for doc in read if matches(doc, query, vars=variables))
    found = list(islice(matching, wanted.limit or None))
    complete = len(found) == wanted.limit or next(entries, None) is None
    return found if complete and not any(is_misplaced(doc, walk) for doc in found) else None


def few_documents(
    self: Storage, db: str, coll: str, query: Document, walk: Walk | None
) -> Iterable[Document] | None:
    """Return the documents that another index leads to if they are few, as for a number or an e-mail."""
    fewest: list[int] | None = None
    for name, key, options in self._iter_indexes(db, coll):
        lookup = walk_of(name, key, query, []) if set(options) <= ORDINARY_OPTIONS else None
        if lookup and set(lookup.fields) - set(walk.fields if walk else ()):
            limit = FEW + 1 if fewest is None else len(fewest)
            records = [
                record for _, record in islice(mongo_index_reads.walked(self, db, coll, lookup), limit)
            ]
            fewest = records if len(records) < limit else fewest
    return None if fewest is None else list(mongo_index_reads.documents(self, db, coll, fewest))


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
    start = encode_value(0)[:1]  # of every number
    numbers = Walk(index, start, start, backwards=False, fields=[], covered=True, inverted=[])
    return {
        record
        for entry, record in mongo_index_reads.walked(self, db, coll, numbers)
        if entry.endswith(true) and all(holds(entry, bound) for holds, bound in tests)
    }


def grouped(self: Storage, db: str, coll: str, walk: Walk, field: str) -> Sequence[Document] | None:
    """Return a document with the field alone for each entry of the walk; None for a value that is no text."""
    counts: dict[bytes, list[int]] = {}  # by the value as the index has it: the first record, and how many
    for entry, record in mongo_index_reads.walked(self, db, coll, walk):
        value = entry[len(walk.first) :].partition(storage._escape_kb(COMPOUND_SEP))[0]
        counts.setdefault(value, [record, 0])[1] += 1
    found: list[Document] = []
    for document, (_, number) in zip(
        list(mongo_index_reads.documents(self, db, coll, (record for record, _ in counts.values()))),
        counts.values(),
        strict=True,
    ):
        if not isinstance(document.get(field), (str, type(None))):
            return None
        found += [{field: document.get(field)}] * number
    return found
