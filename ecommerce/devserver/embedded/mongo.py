"""The embedded MongoDB: SecantusDB, as `python -m ecommerce.devserver.embedded.mongo DATA_DIR`.

SecantusDB is a pre-release, and its command line lacks options that we need. Each argument and each patch
below has a test in tests/embedded_mongo/ that tells when it can go. The shop never imports it.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from pymongo import MongoClient
from secantus import aggregate
from secantus.projection import _flatten_projection_spec
from secantus.server import SecantusDBServer
from secantus.sortkey import COMPOUND_SEP
from secantus.storage import Storage

from ecommerce.devserver.embedded.mongo_distinct import patch_distinct
from ecommerce.devserver.embedded.mongo_explain import patch_explain
from ecommerce.devserver.embedded.mongo_index_writes import patch_index_writes
from ecommerce.devserver.embedded.mongo_speed import patch_speed
from ecommerce.devserver.embedded.mongo_walks import patch_walks
from ecommerce.devserver.embedded.service import Files
from ecommerce.devserver.file_lock import FileLock, wait_until

Document = Mapping[str, Any]


def create_server(data: Path) -> SecantusDBServer:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = SecantusDBServer(
        port=0,
        storage_path=str(data),
        # Without these two, `kill -9` loses acknowledged writes.
        durable=True,
        sync_on_commit=True,
        # How long the transaction of a killed client keeps its locks; a minute by default.
        transaction_lifetime_seconds=3,
        # At most. Uncommitted changes have a fifth of it; of the default, 1 GB, that is less than the pages
        # of the search index that an import of 1,000 products changes among 50,000.
        cache_size="4G",
    )
    # Nothing reads the oplog. Once it is full each commit deletes from it, for up to 20 s after a large
    # transaction.
    server.storage.enable_oplog = False
    return server


def patch_secantus() -> None:
    patch_speed()
    patch_index_writes()
    patch_walks()
    patch_explain()
    patch_distinct()
    patch_nested_stages()
    patch_index_choice()
    patch_bulk_writes()
    patch_range_ends()


def patch_nested_stages() -> None:
    """Give nested $project and $addFields their meaning.

    SecantusDB reads them as literals or as replacements, which breaks select_related().only(), group
    permissions and two admin pages. Can go when the `test_nested_..._without_the_patch` pass.
    """
    project, add_fields = aggregate._project_one, aggregate._add_fields_one
    aggregate._project_one = lambda doc, spec, names: project(doc, dotted(spec), names)
    aggregate._add_fields_one = lambda doc, spec, names: add_fields(doc, dotted(spec), names)


def dotted(spec: Document) -> Document:
    """Return {"a.b": 1} for {"a": {"b": 1}}, which means the same to MongoDB."""
    nested = any(isinstance(v, Mapping) and v and not next(iter(v)).startswith("$") for v in spec.values())
    return _flatten_projection_spec(spec) if nested else spec


def patch_index_choice() -> None:
    """Use indexes for $and and $or, by which the ORM joins conditions, and for $elemMatch in the search.

    SecantusDB scans the whole collection for them. Can go when `test_and_uses_an_index_without_the_patch`,
    `test_or_uses_an_index_without_the_patch` and `test_a_range_in_an_array_..._without_the_patch` pass.
    """
    index_ids, explained = Storage._try_index_id_keys, Storage._pick_index_for_filter

    def try_index(self: Storage, db: str, coll: str, filter: Document, *, collation: Any = None) -> Any:
        query = indexable(filter)
        if alternatives := only_or(query):
            found = [try_index(self, db, coll, each, collation=collation) for each in alternatives]
            return None if None in found else list(dict.fromkeys(chain.from_iterable(found)))
        if len(query) > 1 and "_id" in query:
            by_id = index_ids(self, db, coll, {"_id": query["_id"]}, collation=collation)
            if by_id is not None:
                return by_id
        return index_ids(self, db, coll, query, collation=collation)

    def pick_index(self: Storage, db: str, coll: str, filter: Document, *, collation: Any = None) -> Any:
        """Do the same for `explain`."""
        query = indexable(filter) or {}
        if alternatives := only_or(query):
            picked = [pick_index(self, db, coll, each, collation=collation) for each in alternatives]
            return picked[0] if all(picked) else None
        parts = (query, *({field: value} for field, value in query.items()))
        choices = (explained(self, db, coll, part, collation=collation) for part in parts)
        return next((index for index in choices if index), None)

    Storage._try_index_id_keys, Storage._pick_index_for_filter = try_index, pick_index


def patch_bulk_writes() -> None:
    """Do every update_many and delete_many like a single write, which releases its lock before a retry.

    Otherwise one that conflicts with an open transaction keeps its collection's lock until that ends. A
    second transaction waits for this lock, the list of transactions for the second one, and the first one
    for the list: the server hangs for good. Can go when `test_a_bulk_write_..._without_the_patch` passes.
    """

    def update(self: Storage, *where: Any, **options: Any) -> Any:
        return self._update_matching_single_txn(*where, multi=True, **options)

    def delete(self: Storage, *where: Any, **options: Any) -> Any:
        return self._delete_matching_single_txn(*where, limit=0, **options)

    Storage._update_matching_chunked, Storage._delete_matching_chunked = update, delete


def patch_range_ends() -> None:
    """Include the upper bound of an `$lte` that an index of three or more fields serves.

    Without it a list up to a price omits the products of just that price: their index entries continue
    with another field, so they sort after the bound. Entries beyond the bound do no harm, since the server
    applies the whole filter to what the index returns. Can go when
    `test_a_range_includes_its_upper_bound_without_the_patch` passes.
    """
    scan = Storage._range_scan_index

    def with_upper_bound(self: Storage, *where: Any, prefix: bytes | None = None) -> Any:
        *rest, upper, inclusive = where
        if prefix is not None and upper is not None and inclusive:
            upper += COMPOUND_SEP + b"\xff" * 8
        return scan(self, *rest, upper, inclusive, prefix=prefix)

    Storage._range_scan_index = with_upper_bound


GUARDS = {"$ne", "$exists"}  # the ORM adds these to the upper bound of a range


def indexable(query: Document) -> Document:
    """Return a filter without $and, for which an index is found, and which matches all that `query` does.

    It may match more: the server applies the whole query to what the index returns.
    """
    if array_range := next(ranges_in_arrays(query or {}), None):
        return array_range
    if not query or "$and" not in query:
        return query
    merged: dict[str, Any] = {}
    for part in query["$and"]:
        for field, value in (indexable(part) or {}).items():
            merged[field] = joined(merged[field], value) if field in merged else value
    merged.update(query)
    return {field: value for field, value in merged.items() if not field.startswith("$")}


def only_or(query: Document | None) -> Sequence[Document]:
    """Return the alternatives of a filter that consists of them."""
    return query["$or"] if query and query.keys() == {"$or"} else ()


def joined(one: Any, other: Any) -> Any:
    """Join two conditions on one field: to a range if they are its bounds, else to the more selective one."""
    if isinstance(other, Mapping) and set(other) <= GUARDS:
        return one
    both = isinstance(one, Mapping) and isinstance(other, Mapping)
    return {**one, **other} if both and {*one, *other} <= set(Storage._RANGE_OPS) else other


def ranges_in_arrays(query: Document) -> Iterator[dict[str, Any]]:
    """Yield {"a": {"$gte": 1}} for each {"a": {"$elemMatch": {"$gte": 1}}}, which an index serves."""
    for field, value in query.items():
        bounds = value.get("$elemMatch", {}) if isinstance(value, Mapping) else {}
        if bounds and set(bounds) <= set(Storage._RANGE_OPS):
            yield {field: bounds}
    for part in query.get("$and", ()):
        yield from ranges_in_arrays(part)


def serve(data_dir: Path) -> None:
    """Serve until SIGTERM, or until no process uses the server any more."""
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
            server.transactions.prune_expired()  # by itself it only does so at the next transaction
        files.address.unlink(missing_ok=True)
        end_accepting(server)


def end_accepting(server: SecantusDBServer) -> None:
    """End the accept loop, which notices a stop only at its next connection or 2 s later."""
    server._stop_event.set()
    with suppress(OSError):
        socket.create_connection(server.address, timeout=1).close()


def publish(files: Files, server: SecantusDBServer) -> None:
    uri = f"mongodb://127.0.0.1:{server.port}/?replicaSet={server.replica_set_name}"
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=30_000) as client:
        client.admin.command("ping")
    files.publish(os.getpid(), uri)


if __name__ == "__main__":
    patch_secantus()
    serve(Path(sys.argv[1]))
