"""Entries of the cache: `cached` reads one, or fills it from the database.

An entry is `ecommerce:<namespace>:<key>` in Redis: a line with the stamps (`stamps.py`) and the time from
before its fill read the database, and then the payload. A hit is one round trip, which also counts the
request against the caller's rate limit. Without Redis every read goes to the database.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from redis.exceptions import RedisError

from ecommerce.core import redis
from ecommerce.core.cache import stamps
from ecommerce.core.web import ratelimit
from ecommerce.core.web.ratelimit import Allowance

logger = logging.getLogger("shop.cache")

STOCK_GRACE_S = 0.5  # how long an entry may show the stock from before the newest sale
FILL_LOCK_MS = 2000
KEYS_OF_ENTRY = 5
WAIT_S, WAIT_STEP_S = 1.0, 0.02  # how long other requests wait for the one that fills

Name = tuple[str, str]  # the namespace and the key of an entry
Ahead = dict[Name, "_Snapshot | None"]  # None until the round trip
_ahead: ContextVar[Ahead | None] = ContextVar("ahead", default=None)
_is_exact: ContextVar[bool] = ContextVar("is_exact", default=False)

# The generation, the stock's stamp, the entry's own stamp, the time, the payload.
ENTRY = re.compile(rb"(\w+) (\w*) (\w*) (\d+\.\d{3})\n(.*)", re.DOTALL)
UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"


def cached(
    namespace: str, key: str, fill: Callable[[], bytes], *, allowance: Allowance | None = None
) -> bytes:
    """Return the entry's payload while it is valid, and otherwise the result of `fill`, which is then stored.

    Counts a request of the allowance in the same round trip. Raises RateLimited when it is used up, before
    anything is read, and whatever `fill` raises.
    """
    read = _Read(namespace, key)
    if not redis.reachable():
        return _without_redis(fill, allowance)
    try:
        snapshot = _snapshot_of(read, allowance)
    except RedisError as error:
        redis.lost(error)
        return _without_redis(fill, allowance)
    read.lookup_ms = read.lap()
    if (payload := snapshot.valid_payload()) is not None:
        read.log("hit")
        return payload
    return _fill_once(read, snapshot, fill)


@contextmanager
def reading_ahead(names: Sequence[Name]) -> Iterator[None]:
    """Read these entries too, in the round trip of the first entry that the block reads."""
    token = _ahead.set(dict.fromkeys(names))
    try:
        yield
    finally:
        _ahead.reset(token)


@contextmanager
def exact() -> Iterator[None]:
    """Let the block read no entry that is valid only by the grace for stock.

    A fill that reads other entries needs this: what it stores would otherwise carry the newest stamp of the
    stock along with the stock from before it.
    """
    token = _is_exact.set(True)
    try:
        yield
    finally:
        _is_exact.reset(token)


def _without_redis(fill: Callable[[], bytes], allowance: Allowance | None) -> bytes:
    if allowance is not None:
        ratelimit.count_in_process(allowance)
    return fill()


class _Read:
    """One read of one entry: its keys in Redis, and how long its steps took, for the log."""

    def __init__(self, namespace: str, key: str) -> None:
        self.namespace, self.key = self.name = namespace, key
        self.entry_key = redis.full_key(f"{namespace}:{key}")
        self.lock_key = redis.full_key(f"{namespace}:{key}:filling")
        self.keys = (  # in the order of _Snapshot
            stamps.generation_key(namespace),
            stamps.stock_key(namespace),
            stamps.stamp_key(namespace, key),
            self.entry_key,
            self.lock_key,
        )
        self.lookup_ms = self.fill_ms = self.store_ms = 0.0
        self._started = self._lap_started = time.perf_counter()

    def lap(self) -> float:
        """Return the milliseconds since the last call."""
        before, self._lap_started = self._lap_started, time.perf_counter()
        return (self._lap_started - before) * 1000

    def log(self, outcome: str) -> None:
        logger.debug(
            "%s [%s] %s lookup=%.2fms fill=%.2fms store=%.2fms total=%.2fms",
            outcome,
            self.namespace,
            self.key,
            self.lookup_ms,
            self.fill_ms,
            self.store_ms,
            (time.perf_counter() - self._started) * 1000,
        )


@dataclass(frozen=True)
class _Snapshot:
    """The reply of one round trip: the current stamps, the entry, and whether a request is filling it."""

    taken_at: float  # before the round trip
    generation: bytes
    stock: bytes
    own: bytes
    entry: bytes
    lock: bytes  # not empty while a request fills the entry

    def valid_payload(self) -> bytes | None:
        """Return the entry's payload, or None where the entry is missing, stale or not one of ours."""
        match = ENTRY.fullmatch(self.entry)
        if match is None:
            return None
        generation, stock, own, written_at, payload = match.groups()
        if (generation, own) != (self.generation, self.own):
            return None
        if stock == self.stock:
            return payload
        within_grace = time.time() - float(written_at) < STOCK_GRACE_S
        return payload if within_grace and not _is_exact.get() else None

    def new_entry(self, payload: bytes) -> bytes:
        """Return an entry for a payload that was read from the database after this round trip."""
        return b"%s %s %s %.3f\n%s" % (self.generation, self.stock, self.own, self.taken_at, payload)


def _snapshot_of(read: _Read, allowance: Allowance | None) -> _Snapshot:
    """Return what was read ahead, or make a round trip. Raises RedisError, RateLimited."""
    ahead = _ahead.get()
    if ahead is None:
        return _look_up([read], allowance)[0]
    if (snapshot := ahead.pop(read.name, None)) is not None:
        return snapshot
    waiting = [name for name, snapshot in ahead.items() if snapshot is None]
    first, *others = _look_up([read, *(_Read(*name) for name in waiting)], allowance)
    ahead.update(zip(waiting, others, strict=True))
    return first


def _look_up(reads: Sequence[_Read], allowance: Allowance | None = None) -> list[_Snapshot]:
    """Make one round trip. Raises RedisError, RateLimited."""
    for namespace in {read.namespace for read in reads}:
        stamps.renew_untrusted(namespace)
    keys = [key for read in reads for key in read.keys]
    taken_at = time.time()
    values = ratelimit.count_and_read(allowance, keys) if allowance else redis.execute("MGET", *keys)
    values = [value or b"" for value in values]
    return [
        _Snapshot(taken_at, *values[start : start + KEYS_OF_ENTRY])
        for start in range(0, len(values), KEYS_OF_ENTRY)
    ]


def _fill_once(read: _Read, snapshot: _Snapshot, fill: Callable[[], bytes]) -> bytes:
    """Fill the entry. Of several concurrent requests one fills it; the others wait for that, but not long."""
    token = uuid.uuid4().hex
    try:
        locked = redis.client().set(read.lock_key, token, nx=True, px=FILL_LOCK_MS)
        if not locked and (payload := _wait_for_filler(read)) is not None:
            read.log("waited")
            return payload
        if not locked or not snapshot.generation:
            snapshot = _fresh_snapshot(read)
    except RedisError as error:
        redis.lost(error)
        return fill()
    try:
        return _fill_and_store(read, snapshot, fill)
    finally:
        if locked:
            _unlock(read, token)


def _wait_for_filler(read: _Read) -> bytes | None:
    """Return what the filling request stores, or None if it fails or takes too long."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        time.sleep(WAIT_STEP_S)
        snapshot = _look_up([read])[0]
        payload = snapshot.valid_payload()
        if payload is not None or not snapshot.lock:
            return payload
    return None


def _fresh_snapshot(read: _Read) -> _Snapshot:
    """Return the stamps of now, with a generation also where Redis was emptied."""
    snapshot = _look_up([read])[0]
    if not snapshot.generation:
        stamps.begin_generation(read.namespace)
        snapshot = _look_up([read])[0]
    return snapshot


def _fill_and_store(read: _Read, snapshot: _Snapshot, fill: Callable[[], bytes]) -> bytes:
    read.lap()
    payload = fill()
    read.fill_ms = read.lap()
    try:
        redis.client().set(read.entry_key, snapshot.new_entry(payload), ex=settings.CACHE_TTL_SECONDS)
    except RedisError as error:
        redis.lost(error)
    read.store_ms = read.lap()
    read.log("miss")
    return payload


def _unlock(read: _Read, token: str) -> None:
    """Release the lock, unless it ran out and another request has taken it since."""
    try:
        redis.client().eval(UNLOCK, 1, read.lock_key, token)
    except RedisError as error:
        redis.lost(error)
