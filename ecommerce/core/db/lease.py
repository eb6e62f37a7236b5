"""A lock in MongoDB: one holder among all processes, and released if the holder dies."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from ecommerce.core.db import connection

LEASE_S = 15.0
RENEW_S = 5.0
POLL_S = 0.2


@contextmanager
def lease(name: str) -> Iterator[None]:
    """Hold the lock while the block runs, renewing it; wait for it first. A killed holder's lock expires."""
    locks = _locks()
    holder = uuid4().hex
    while not _take(locks, name, holder):
        time.sleep(POLL_S)
    done = threading.Event()
    heartbeat = threading.Thread(target=_renew, args=[locks, name, holder, done], daemon=True)
    heartbeat.start()
    try:
        yield
    finally:
        done.set()
        heartbeat.join()
        locks.delete_one({"_id": name, "holder": holder})


def _locks() -> "Collection[dict[str, object]]":
    connection.ensure_connection()
    collection: Collection[dict[str, object]] = connection.database["locks"]
    return collection


def _take(locks: "Collection[dict[str, object]]", name: str, holder: str) -> bool:
    """Insert the lock or take over an expired one; return False if another process holds it."""
    now = datetime.now(UTC)
    try:
        taken = locks.update_one(
            {"_id": name, "expires_at": {"$lt": now}},
            {"$set": {"holder": holder, "expires_at": now + timedelta(seconds=LEASE_S)}},
            upsert=True,
        )
    except DuplicateKeyError:
        return False
    return bool(taken.modified_count or taken.upserted_id)


def _renew(locks: "Collection[dict[str, object]]", name: str, holder: str, done: threading.Event) -> None:
    while not done.wait(RENEW_S):
        try:
            expires_at = datetime.now(UTC) + timedelta(seconds=LEASE_S)
            locks.update_one({"_id": name, "holder": holder}, {"$set": {"expires_at": expires_at}})
        except PyMongoError:
            pass  # the next renewal may succeed; the lock outlives two that fail
