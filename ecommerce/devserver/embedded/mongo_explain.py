"""Let `explain` tell how the embedded MongoDB really reads for a pipeline, as a real MongoDB tells it.

SecantusDB reports a pipeline as if it returned each document that it reads, and does not know the walks of
`mongo_walks`. With this patch it runs the first part of the pipeline and counts. It can go when
`test_explain_tells_what_was_read_without_the_patch` passes.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secantus import commands
from secantus.storage import Storage

from ecommerce.devserver.embedded import mongo_index_reads, mongo_walks

Document = Mapping[str, Any]


@dataclass
class Reading:
    """What a query has read, and by which index; None is a scan of the whole collection."""

    index: str | None = None
    keys: int = 0
    documents: int = 0
    is_ordered: bool = False  # the index has the wanted order


current = threading.local()


def patch_explain() -> None:
    explain, lookup, scan = (
        commands._HANDLERS["explain"],
        Storage._try_index_lookup,
        Storage._scan_docs_natural,
    )
    walked, documents = mongo_index_reads.walked, mongo_index_reads.documents

    def handle(doc: dict[str, Any], context: Any) -> Any:
        inner = doc.get("explain")
        if not isinstance(inner, Mapping) or "aggregate" not in inner:
            return explain(doc, context)
        return explained(inner, context)

    def counted_lookup(self: Storage, db: str, coll: str, query: Any, **options: Any) -> Any:
        found = lookup(self, db, coll, query, **options)
        if found is not None and (reading := getattr(current, "reading", None)):
            name = self._pick_index_for_filter(db, coll, query)
            reading.index, reading.is_ordered = name[0] if name else "_id_", False
            reading.keys = reading.documents = len(found)
        return found

    def counted_scan(self: Storage, db: str, coll: str) -> Any:
        rows = list(scan(self, db, coll))
        if reading := getattr(current, "reading", None):
            reading.index, reading.is_ordered, reading.documents = None, False, len(rows)
        return rows

    def counted_walk(self: Storage, db: str, coll: str, walk: mongo_index_reads.Walk) -> Iterator[Any]:
        reading = getattr(current, "reading", None) or Reading()
        reading.index, reading.is_ordered = walk.index, True
        for entry in walked(self, db, coll, walk):
            reading.keys += 1
            yield entry

    def counted_documents(self: Storage, db: str, coll: str, records: Any) -> Iterator[Any]:
        for document in documents(self, db, coll, records):
            if reading := getattr(current, "reading", None):
                reading.documents += 1
            yield document

    commands._HANDLERS["explain"] = handle
    Storage._try_index_lookup, Storage._scan_docs_natural = counted_lookup, counted_scan
    mongo_index_reads.walked, mongo_index_reads.documents = counted_walk, counted_documents


def explained(command: Document, context: Any) -> dict[str, Any]:
    """Run the query of the pipeline's first stages, and return what it read in the form of MongoDB."""
    collection, pipeline = command["aggregate"], list(command.get("pipeline") or [])
    query = pipeline[0].get("$match", {}) if pipeline else {}
    current.reading = reading = Reading()
    mongo_walks.requested.wanted = mongo_walks.wanted_by(command)
    try:
        found = context.storage.find_matching(context.db_name, collection, query)
    finally:
        current.reading = mongo_walks.requested.wanted = None
    sorts = any("$sort" in stage for stage in pipeline) and not reading.is_ordered
    return {
        "queryPlanner": {"winningPlan": plan(reading, sorts=sorts)},
        "executionStats": {
            "nReturned": len(found),
            "totalKeysExamined": reading.keys,
            "totalDocsExamined": reading.documents,
        },
        "ok": 1.0,
    }


def plan(reading: Reading, *, sorts: bool) -> dict[str, Any]:
    access: dict[str, Any] = {"stage": "COLLSCAN"}
    if reading.index:
        access = {"stage": "FETCH", "inputStage": {"stage": "IXSCAN", "indexName": reading.index}}
    return {"stage": "SORT", "inputStage": access} if sorts else access
