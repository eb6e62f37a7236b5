"""Entries of the cache: `cached` reads one, or fills it from the database.

An entry is `ecommerce:<namespace>:<key>` in Redis: a line with the stamps (`stamps.py`) and two times from
before its fill read the database, and then the payload. A hit is one round trip, which also counts the
request against the caller's rate limit. Without Redis every read goes to the database.

Sales refill an entry at most every REFILL_S, and no answer shows stock older than OLDEST_STOCK_S: half of it
for the entry, and half for the entries that its fill has read.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from django.conf import settings
from redis.exceptions import RedisError

from ecommerce.core import redis
from ecommerce.core.cache import misses, stamps, steps
from ecommerce.core.web import ratelimit
from ecommerce.core.web.ratelimit import Allowance

logger = logging.getLogger("shop.cache")

REFILL_S = 0.5  # how long an entry is used after its fill began, although something was sold since
OLDEST_STOCK_S = 1.0  # how old the stock in it may be while another request fills it again
FILL_LOCK_MS, KEYS_OF_ENTRY = 2000, 5
WAIT_S, WAIT_STEP_S = 1.0, 0.02  # how long other requests wait for the one that fills

Name = tuple[str, str]  # the namespace and the key of an entry
Ahead = dict[Name, "_Snapshot | None"]  # None until the round trip
_ahead: ContextVar[Ahead | None] = ContextVar("ahead", default=None)
_stock_read: ContextVar["_Stock | None"] = ContextVar("stock_read", default=None)  # None outside of a fill

# Stamps: the generation's, the stock's, the entry's own. Times: of its fill, of its stock. The payload.
ENTRY = re.compile(rb"(\w+) (\w*) (\w*) (\d+\.\d{3}) (\d+\.\d{3})\n(.*)", re.DOTALL)


def cached(
    namespace: str,
    key: str,
    fill: Callable[[], bytes],
    *,
    shows_stock: bool = True,
    lifetime: int | None = None,
    allowance: Allowance | None = None,
) -> bytes:
    """Return the entry's payload while it is valid, and otherwise the result of `fill`, which is then stored.

    Sales leave an entry that shows no stock as it is. It is kept for `lifetime` seconds, CACHE_TTL_SECONDS at
    most. The same round trip counts a request of the allowance. Raises RateLimited when that is used up,
    before anything is read, and whatever `fill` raises.
    """
    read = _Read(namespace, key, shows_stock=shows_stock)
    read.lifetime = min(lifetime or read.lifetime, read.lifetime)
    if not redis.reachable():
        return _without_redis(read, fill, allowance)
    try:
        snapshot = _snapshot_of(read, allowance)
    except RedisError as error:
        redis.lost(error)
        return _without_redis(read, fill, allowance)
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


def _without_redis(read: "_Read", fill: Callable[[], bytes], allowance: Allowance | None) -> bytes:
    if allowance is not None:
        ratelimit.count_in_process(allowance)
    misses.count(read.namespace)
    return fill()


class _Read:
    """One read of one entry: its keys in Redis, and how long its steps took, for the log."""

    def __init__(self, namespace: str, key: str, *, shows_stock: bool = True) -> None:
        self.namespace, self.key = self.name = namespace, key
        self.lifetime = settings.CACHE_TTL_SECONDS
        self.entry_key = redis.full_key(f"{namespace}:{key}")
        self.stamp_key = stamps.stamp_key(namespace, key)
        self.lock_key = redis.full_key(f"{namespace}:{key}:filling")
        self.keys = (  # in the order of _Snapshot
            stamps.generation_key(namespace),
            stamps.stock_key(namespace) if shows_stock else stamps.generation_key(namespace),
            self.stamp_key,
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


@dataclass
class _Stock:
    """The oldest stock that a fill has read, by itself or from another entry."""

    stamp: bytes
    read_at: float

    def include(self, old: "_Stock") -> None:
        """Add stock from before the newest sale: so its stamp will never be the current one again."""
        self.stamp, self.read_at = old.stamp, min(self.read_at, old.read_at)


@dataclass(frozen=True)
class _Snapshot:
    """The reply of one round trip: the current stamps, the entry, and whether a request is filling it."""

    taken_at: float  # before the round trip
    generation: bytes
    stock: bytes
    own: bytes
    entry: bytes
    lock: bytes  # not empty while another request fills the entry

    def valid_payload(self) -> bytes | None:
        """Return the entry's payload, or None where the entry is missing, stale or not one of ours."""
        match = ENTRY.fullmatch(self.entry)
        if match is None:
            return None
        generation, stock, own, filled_at, read_at, payload = match.groups()
        if (generation, own) != (self.generation, self.own):
            return None
        if stock != self.stock and not self._may_show(_Stock(stock, float(read_at)), float(filled_at)):
            return None
        return payload

    def _may_show(self, old: _Stock, filled_at: float) -> bool:
        """Return whether stock from before the newest sale is recent enough. A fill notes that it read it."""
        now = time.time()
        if (read_by_fill := _stock_read.get()) is not None:
            if is_recent := now - old.read_at < REFILL_S:
                read_by_fill.include(old)
            return is_recent
        if self.lock:
            return now - old.read_at < OLDEST_STOCK_S
        return now - filled_at < REFILL_S

    def new_entry(self, payload: bytes, stock: _Stock) -> bytes:
        """Return an entry for a payload that was read from the database after this round trip."""
        times = self.taken_at, stock.read_at
        return b"%s %s %s %.3f %.3f\n%s" % (self.generation, stock.stamp, self.own, *times, payload)


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
        payload, locked = _wait_or_lock(read, snapshot, token)
        if payload is not None:
            read.log("waited")
            return payload
        snapshot = _snapshot_before_fill(read)
    except RedisError as error:
        redis.lost(error)
        return fill()
    try:
        return _fill_unless_filled(read, replace(snapshot, lock=b"") if locked else snapshot, fill)
    finally:
        if locked:
            _unlock(read, token)


def _wait_or_lock(read: _Read, snapshot: _Snapshot, token: str) -> tuple[bytes | None, bool]:
    """Return the payload that another request has stored, or whether this one has the lock.

    It has neither if the other has failed or takes too long.
    """
    deadline = time.monotonic() + WAIT_S
    while not redis.client().set(read.lock_key, token, nx=True, px=FILL_LOCK_MS):
        before = snapshot
        snapshot, payload = _wait_for_filler(read, deadline)
        is_stale = payload is None and snapshot.entry != before.entry  # changed since that fill began
        if not is_stale or time.monotonic() >= deadline:
            return payload, False
    return None, True


def _wait_for_filler(read: _Read, deadline: float) -> tuple[_Snapshot, bytes | None]:
    """Return what is there when the filling request has ended, or before if that may be shown meanwhile."""
    while True:
        snapshot = _look_up([read])[0]
        payload = snapshot.valid_payload()
        if payload is not None or not snapshot.lock or time.monotonic() >= deadline:
            return snapshot, payload
        time.sleep(WAIT_STEP_S)


def _snapshot_before_fill(read: _Read) -> _Snapshot:
    """Return the stamps of now, with a generation also where Redis was emptied.

    Looks again, since another request may have filled the entry before this one got the lock.
    """
    snapshot = _look_up([read])[0]
    if not snapshot.generation:
        stamps.begin_generation(read.namespace)
        snapshot = _look_up([read])[0]
    return snapshot


def _fill_unless_filled(read: _Read, snapshot: _Snapshot, fill: Callable[[], bytes]) -> bytes:
    if (payload := snapshot.valid_payload()) is not None:
        read.log("waited")
        return payload
    if not snapshot.entry:
        misses.count(read.namespace)
    read.lap()
    payload, stock = _filled(snapshot, fill)
    read.fill_ms = read.lap()
    try:
        entry = snapshot.new_entry(payload, stock)
        steps.store_unless_invalidated(read.stamp_key, snapshot.own, read.entry_key, entry, read.lifetime)
    except RedisError as error:
        redis.lost(error)
    read.store_ms = read.lap()
    read.log("miss")
    return payload


def _filled(snapshot: _Snapshot, fill: Callable[[], bytes]) -> tuple[bytes, _Stock]:
    """Return the result of the fill, and the oldest stock in it; a fill around this one has read it, too."""
    stock, around = _Stock(snapshot.stock, snapshot.taken_at), _stock_read.get()
    token = _stock_read.set(stock)
    try:
        payload = fill()
    finally:
        _stock_read.reset(token)
    if around is not None and stock.stamp != snapshot.stock:  # it has read older stock
        around.include(stock)
    return payload, stock


def _unlock(read: _Read, token: str) -> None:
    try:
        steps.unlock(read.lock_key, token)
    except RedisError as error:
        redis.lost(error)
