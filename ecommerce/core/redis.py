"""The connection to Redis, with a circuit breaker.

The shop works without Redis: callers ask `reachable` first, and report each failure to `lost`.
"""

import logging
import threading
import time
from typing import Any

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError

logger = logging.getLogger("shop.cache")

BREAK_S = 1.0  # how long Redis is left alone after a failure: a silent server costs 100 ms a try

_lock = threading.Lock()  # guards the two below
_open_until = 0.0  # the breaker is open until this time of the monotonic clock
_failures = 0


def client() -> Any:
    """Return redis-py's client, from django-redis's connection pool."""
    cache: Any = caches["default"]
    return cache.client.get_client(write=True)


def reachable() -> bool:
    """Return False where Redis is switched off, and for a moment after it did not answer."""
    return settings.REDIS_ENABLED and time.monotonic() >= _open_until


def lost(error: RedisError) -> None:
    """Open the breaker after a failure."""
    global _open_until, _failures
    with _lock:
        was_open = time.monotonic() < _open_until
        _open_until = time.monotonic() + BREAK_S
        _failures += 1
    if not was_open:
        logger.warning("Redis did not answer (%s); reading from the database.", type(error).__name__)


def failures() -> int:
    """Return how often this process has lost Redis."""
    return _failures


def ping() -> bool:
    """Return whether Redis answers now."""
    try:
        return bool(client().ping())
    except RedisError:
        return False


def full_key(key: str) -> str:
    """Return the key as it is written in Redis."""
    return f"ecommerce:{key}"


def plain_key(key: str, prefix: str, version: int) -> str:
    """Build django-redis's keys (its KEY_FUNCTION) like our own, without a prefix and a version."""
    return full_key(key)
