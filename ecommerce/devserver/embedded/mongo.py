"""The embedded MongoDB: SecantusDB, as `python -m ecommerce.devserver.embedded.mongo DATA_DIR`.

It is a pre-release, so its command line is not enough. Each argument below and each mend has a test in
tests/test_embedded_mongo.py that says when it can go. The shop never imports this module.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from pymongo import MongoClient
from secantus import aggregate
from secantus.projection import _flatten_projection_spec
from secantus.server import SecantusDBServer
from secantus.sortkey import COMPOUND_SEP
from secantus.storage import Storage

from ecommerce.devserver.embedded.service import Files
from ecommerce.devserver.file_lock import FileLock, wait_until

Document = Mapping[str, Any]


def create_server(data: Path) -> SecantusDBServer:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SecantusDBServer(
        port=0,
        storage_path=str(data),
        # Without these, kill -9 loses writes that were acknowledged.
        durable=True,
        sync_on_commit=True,
        # A killed client's transaction holds its locks this long; the default is a minute.
        transaction_lifetime_seconds=3,
    )


def mend() -> None:
    mend_nested_stages()
    mend_index_choice()
    mend_bulk_writes()
    mend_range_ends()


def mend_nested_stages() -> None:
    """A nested $project or $addFields is read as literals or as a replacement.

    It breaks select_related().only(), group permissions and two admin pages. Can go when
    the `test_nested_..._without_the_mend` pass.
    """
    project, add_fields = aggregate._project_one, aggregate._add_fields_one
    aggregate._project_one = lambda doc, spec, names: project(doc, dotted(spec), names)
    aggregate._add_fields_one = lambda doc, spec, names: add_fields(doc, dotted(spec), names)


def dotted(spec: Document) -> Document:
    """{"a": {"b": 1}} as {"a.b": 1}, MongoDB's meaning of a nested specification."""
    nested = any(isinstance(v, Mapping) and v and not next(iter(v)).startswith("$") for v in spec.values())
    return _flatten_projection_spec(spec) if nested else spec


def mend_index_choice() -> None:
    """A filter with $and, which is how the ORM joins conditions, scans the whole collection.

    So does a range within an array ($elemMatch), by which the search goes. Can go when
    `test_and_uses_an_index_without_the_mend` and `test_a_range_in_an_array_..._without_the_mend` pass.
    """
    index_ids, explained = Storage._try_index_id_keys, Storage._pick_index_for_filter

    def try_index(self: Storage, db: str, coll: str, filter: Document, *, collation: Any = None) -> Any:
        query = conditions(filter)
        if len(query) > 1 and "_id" in query:
            by_id = index_ids(self, db, coll, {"_id": query["_id"]}, collation=collation)
            if by_id is not None:
                return by_id
        return index_ids(self, db, coll, query, collation=collation)

    def pick_index(self: Storage, db: str, coll: str, filter: Document, *, collation: Any = None) -> Any:
        """For explain, which knows nothing either of the index that serves one of several conditions."""
        query = conditions(filter) or {}
        parts = (query, *({field: value} for field, value in query.items()))
        choices = (explained(self, db, coll, part, collation=collation) for part in parts)
        return next((found for found in choices if found), None)

    Storage._try_index_id_keys, Storage._pick_index_for_filter = try_index, pick_index


def mend_bulk_writes() -> None:
    """An update_many that meets an open transaction keeps its collection's lock until that ends.

    A second transaction waits for that lock, the list of transactions for the second one, and the first for
    the list: the server hangs for good. A single write lets go of the lock before it tries again, so all are
    done as one. Can go when `test_a_bulk_write_..._without_the_mend` passes.
    """

    def update(self: Storage, *where: Any, **options: Any) -> Any:
        return self._update_matching_single_txn(*where, multi=True, **options)

    def delete(self: Storage, *where: Any, **options: Any) -> Any:
        return self._delete_matching_single_txn(*where, limit=0, **options)

    Storage._update_matching_chunked, Storage._delete_matching_chunked = update, delete


def mend_range_ends() -> None:
    """An `$lte` that an index of three or more fields serves misses the documents equal to its bound.

    The list up to a price leaves out what costs just that much: the index goes on with another field, so
    their entries sort after the bound. Those of one value more do no harm, since the server applies the
    whole filter to what the index found. Can go when
    `test_a_range_has_its_upper_end_without_the_mend` passes.
    """
    scan = Storage._range_scan_index

    def to_the_end(self: Storage, *where: Any, prefix: bytes | None = None) -> Any:
        *rest, upper, inclusive = where
        if prefix is not None and upper is not None and inclusive:
            upper += COMPOUND_SEP + b"\xff" * 8
        return scan(self, *rest, upper, inclusive, prefix=prefix)

    Storage._range_scan_index = to_the_end


GUARDS = {"$ne", "$exists"}  # the ORM sets these beside the upper end of a range


def conditions(query: Document) -> Document:
    """A filter without $and that matches at least what `query` does; the server applies the whole one."""
    if found := next(ranges_in_arrays(query or {}), None):
        return found
    if not query or "$and" not in query:
        return query
    merged: dict[str, Any] = {}
    for part in query["$and"]:
        for field, value in (conditions(part) or {}).items():
            merged[field] = joined(merged[field], value) if field in merged else value
    merged.update(query)
    return {field: value for field, value in merged.items() if not field.startswith("$")}


def joined(one: Any, other: Any) -> Any:
    """Two conditions on one field: a range of both bounds, or the one that leads to fewer documents."""
    if isinstance(other, Mapping) and set(other) <= GUARDS:
        return one
    both = isinstance(one, Mapping) and isinstance(other, Mapping)
    return {**one, **other} if both and {*one, *other} <= set(Storage._RANGE_OPS) else other


def ranges_in_arrays(query: Document) -> Iterator[dict[str, Any]]:
    """{"a": {"$elemMatch": {"$gte": 1}}} as {"a": {"$gte": 1}}: what an index of the elements finds."""
    for field, value in query.items():
        bounds = value.get("$elemMatch", {}) if isinstance(value, Mapping) else {}
        if bounds and set(bounds) <= set(Storage._RANGE_OPS):
            yield {field: bounds}
    for part in query.get("$and", ()):
        yield from ranges_in_arrays(part)


def serve(data_dir: Path) -> None:
    """Serve until SIGTERM, or until nobody uses the server any more."""
    files, stop = Files(data_dir, "mongodb"), threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    lock, users = FileLock(files.lock), FileLock(files.users)
    if not wait_until(lock.exclusive, 1):
        return  # another process was faster
    files.address.unlink(missing_ok=True)
    with create_server(files.data) as server:
        publish(files, server)
        while not users.exclusive() and not stop.wait(0.2):
            server.transactions.prune_expired()  # it only looks when the next transaction comes
        files.address.unlink(missing_ok=True)
        end_accepting(server)


def end_accepting(server: SecantusDBServer) -> None:
    """Its accept loop sees a stop only at the next connection; without one, stopping takes 2 s longer."""
    server._stop_event.set()
    with suppress(OSError):
        socket.create_connection(server.address, timeout=1).close()


def publish(files: Files, server: SecantusDBServer) -> None:
    uri = f"mongodb://127.0.0.1:{server.port}/?replicaSet={server.replica_set_name}"
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=30_000) as client:
        client.admin.command("ping")
    files.publish(os.getpid(), uri)


if __name__ == "__main__":
    mend()
    serve(Path(sys.argv[1]))
