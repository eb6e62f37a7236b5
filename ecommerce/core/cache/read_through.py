"""Read-through caching in Redis with generation stamps.

An entry carries the generation it was filled under and counts only while that is the current one:
`invalidate` sets a new generation, so nothing is scanned or deleted and no filler that began before
a change can serve its old answer after it. A sale bumps a stock stamp instead: an entry with an older
one still counts until it is half a second old, so a flash sale causes two fills a second, not
thousands. A hit is one round trip, the caller's rate limit included.

Redis is never needed. Away, every read is filled from the database; a process that could not reach
it trusts nothing found there before it has set a new generation.
"""

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from ecommerce.core.web.ratelimit import Allowance, RateLimited

logger = logging.getLogger("shop.cache")

STOCK_GRACE_S = 0.5  # how long an entry may show the stock before the newest sale
FILL_LOCK_MS = 2000
WAIT_S, WAIT_STEP_S = 1.0, 0.02  # how long others wait for the one that fills
BREAK_S = 1.0  # after a failure Redis is left alone this long: a silent one costs 100 ms a try

ENTRY = re.compile(rb"(\w+) (\w*) (\d+\.\d{3})\n(.*)", re.DOTALL)  # generation, stock, time, payload
UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"

_state = threading.Lock()  # guards the three below
_trusted: set[str] = set()  # namespaces whose generation this process has set since a failure
_to_stamp: set[str] = set()  # namespaces that a thread will stamp as soon as Redis is back
_away_until = 0.0


def plain_key(key: str, prefix: str, version: int) -> str:
    """django-redis's KEY_FUNCTION: keys stand in Redis exactly as they are written here."""
    return f"ecommerce:{key}"


def read_through(
    namespace: str, key: str, fill: Callable[[], bytes], allowance: Allowance | None = None
) -> bytes:
    """The cached bytes under `ecommerce:<namespace>:<key>`, or what `fill` makes of the database.

    Raises RateLimited when the allowance is used up; nothing is read then.
    """
    started = time.perf_counter()
    if not reachable():
        _count_in_process(allowance)
        return fill()
    try:
        trust(namespace)
        found = _look_up(namespace, key, allowance)
    except RedisError as error:
        lost(error)
        _count_in_process(allowance)
        return fill()
    if (payload := found.payload) is not None:
        _log("hit", namespace, key, started, looked_up=time.perf_counter())
        return payload
    return _fill_once(namespace, key, fill, found, started)


def invalidate(namespace: str) -> None:
    """Make every entry of the namespace count no more. Call it after the commit."""
    _stamp(namespace, "generation")


def invalidate_stock(namespace: str) -> None:
    """Let entries count for half a second more at the most. Call it after the commit."""
    _stamp(namespace, "stock")


def ping() -> bool:
    try:
        return bool(client().ping())
    except RedisError:
        return False


@dataclass(frozen=True)
class Found:
    """What one round trip brought: the current stamps, the entry, and whether somebody fills it."""

    generation: bytes
    stock: bytes
    entry: bytes
    filling: bool

    @property
    def payload(self) -> bytes | None:
        """What counts of the entry; nothing of one that is out of date or that nobody here wrote."""
        written = ENTRY.fullmatch(self.entry)
        if written is None or written[1] != self.generation:
            return None
        fresh = written[2] == self.stock or time.time() - float(written[3]) < STOCK_GRACE_S
        return written[4] if fresh else None


def _look_up(namespace: str, key: str, allowance: Allowance | None = None) -> Found:
    pipe = client().pipeline(transaction=False)
    if allowance is not None:
        counter = full(f"ratelimit:{allowance.key}")
        pipe.incr(counter).expire(counter, allowance.rate.seconds, nx=True).ttl(counter)
    asked = (f"{namespace}:generation", f"{namespace}:stock", f"{namespace}:{key}", _lock(namespace, key))
    pipe.mget([full(name) for name in asked])
    *counted, (generation, stock, entry, filling) = pipe.execute()
    if allowance is not None and counted[0] > allowance.rate.limit:
        raise RateLimited(allowance.rate, counted[2])
    return Found(generation or b"", stock or b"", entry or b"", filling is not None)


def _fill_once(namespace: str, key: str, fill: Callable[[], bytes], found: Found, started: float) -> bytes:
    """Of several that missed, one fills; the others wait for it briefly, then fill themselves."""
    looked_up, turn = time.perf_counter(), uuid.uuid4().hex
    lock = full(_lock(namespace, key))
    try:
        mine = client().set(lock, turn, nx=True, px=FILL_LOCK_MS)
        if not mine and (waited_for := _wait(namespace, key)) is not None:
            _log("waited", namespace, key, started, looked_up=looked_up)
            return waited_for
        if not found.generation:  # Redis was emptied: begin a generation, unless another just did
            client().set(full(f"{namespace}:generation"), uuid.uuid4().hex, nx=True)
        if not mine or not found.generation:
            found = _look_up(namespace, key)
    except RedisError as error:
        lost(error)
        return fill()
    try:
        asked_at = time.time()
        payload = fill()
        filled = time.perf_counter()
        _store(namespace, key, payload, found, asked_at)
    finally:
        if mine:
            _unlock(lock, turn)
    _log("miss", namespace, key, started, looked_up=looked_up, filled=filled)
    return payload


def _wait(namespace: str, key: str) -> bytes | None:
    """What the filler stores; None when it failed or takes too long."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        time.sleep(WAIT_STEP_S)
        found = _look_up(namespace, key)
        if found.payload is not None or not found.filling:
            return found.payload
    return None


def _store(namespace: str, key: str, payload: bytes, found: Found, asked_at: float) -> None:
    """Keep the payload under the stamps, and the time, of before the database was asked."""
    head = b"%s %s %.3f\n" % (found.generation, found.stock, asked_at)
    try:
        client().set(full(f"{namespace}:{key}"), head + payload, ex=settings.CACHE_TTL_SECONDS)
    except RedisError as error:
        lost(error)


def _unlock(lock: str, turn: str) -> None:
    """Free the lock unless it ran out and is somebody else's now."""
    try:
        client().eval(UNLOCK, 1, lock, turn)
    except RedisError as error:
        lost(error)


def trust(namespace: str) -> None:
    """Set a new generation before the first read since the start or since a failure."""
    if namespace in _trusted:
        return
    with _state:  # of several threads one sets it: each new generation would make the others fill again
        if namespace not in _trusted:
            client().set(full(f"{namespace}:generation"), uuid.uuid4().hex)
            _trusted.add(namespace)


def _stamp(namespace: str, stamp: str) -> None:
    if not settings.REDIS_ENABLED:
        return
    try:  # also while the breaker is open: it may be open for this process alone
        client().set(full(f"{namespace}:{stamp}"), uuid.uuid4().hex)
    except RedisError as error:
        lost(error)
        stamp_when_back(namespace)


def stamp_when_back(namespace: str) -> None:
    """Other processes may not have noticed the failure, so one thread goes on until Redis is told."""
    with _state:
        _trusted.discard(namespace)
        if namespace in _to_stamp:
            return
        _to_stamp.add(namespace)
    threading.Thread(target=_stamp_later, args=[namespace], daemon=True).start()


def _stamp_later(namespace: str) -> None:
    while True:
        time.sleep(BREAK_S / 2)
        with suppress(RedisError):
            trust(namespace)
        with _state:
            if namespace in _trusted:
                _to_stamp.discard(namespace)
                return


def reachable() -> bool:
    """False for a moment after Redis did not answer."""
    return settings.REDIS_ENABLED and time.monotonic() >= _away_until


def lost(error: Exception) -> None:
    global _away_until
    with _state:
        _trusted.clear()
        known = time.monotonic() < _away_until
        _away_until = time.monotonic() + BREAK_S
    if not known:
        logger.warning("Redis did not answer (%s); reading from the database.", type(error).__name__)


def _count_in_process(allowance: Allowance | None) -> None:
    """Without Redis each process counts for itself, so callers get at most a few times their rate."""
    if allowance is None:
        return
    usage = get_usage(
        request=None,
        group="ratelimit",
        key=lambda group, request: allowance.key,
        rate=(allowance.rate.limit, allowance.rate.seconds),
        increment=True,
    )
    if usage and usage["should_limit"]:
        raise RateLimited(allowance.rate, usage["time_left"])


def client() -> Any:
    cache: Any = caches["default"]
    return cache.client.get_client(write=True)


def _lock(namespace: str, key: str) -> str:
    return f"{namespace}:{key}:filling"


def full(key: str) -> str:
    return plain_key(key, "", 1)


def _log(
    outcome: str,
    namespace: str,
    key: str,
    started: float,
    looked_up: float,
    filled: float | None = None,
) -> None:
    """Five facts of each read: the outcome, and how long look-up, fill, store and all of it took."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    now = time.perf_counter()
    fill_ms = (filled - looked_up) * 1000 if filled else 0.0
    store_ms = (now - filled) * 1000 if filled else 0.0
    logger.debug(
        "%s [%s] %s lookup=%.2fms fill=%.2fms store=%.2fms total=%.2fms",
        outcome,
        namespace,
        key,
        (looked_up - started) * 1000,
        fill_ms,
        store_ms,
        (now - started) * 1000,
    )
