"""The connection to Redis, with a circuit breaker.

The shop works without Redis: callers ask `reachable` first, and report each failure to `lost`.
"""

import hashlib
import logging
import os
import threading
import time
from typing import Any

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import NoScriptError, RedisError, ResponseError

logger = logging.getLogger("shop.cache")

BREAK_S = 1.0  # how long Redis is left alone after a failure: a silent server costs 100 ms a try

_own = threading.local()  # the connection of each thread for `execute`
_lock = threading.Lock()  # guards the two below
_open_until = 0.0  # the breaker is open until this time of the monotonic clock
_failures = 0


def client() -> Any:
    """Return redis-py's client, from django-redis's connection pool."""
    cache: Any = caches["default"]
    return cache.client.get_client(write=True)


def execute(*command: Any) -> Any:
    """Send one command and return the reply. Raises RedisError.

    Each thread has a connection of its own here: redis-py's client asks for one in each call, polls it, and
    takes twice as long.
    """
    connection = _connection_of_this_thread()
    was_in_use = connection.is_connected
    try:
        return _exchange(connection, command)
    except ConnectionLost:
        if not was_in_use:
            raise
        return _exchange(connection, command)  # Redis has closed an idle connection or was restarted


class Script:
    """A Lua script that Redis runs as one command. It is sent once, and then named by its digest."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()  # as Redis names it

    def run(self, keys: list[str], arguments: list[Any]) -> Any:
        """Return the script's reply. Raises RedisError."""
        operands = len(keys), *keys, *arguments
        try:
            return execute("EVALSHA", self._digest, *operands)
        except NoScriptError:
            return execute("EVAL", self._source, *operands)


def _connection_of_this_thread() -> Any:
    pool, pid = client().connection_pool, os.getpid()
    if (getattr(_own, "pool", None), getattr(_own, "pid", 0)) != (pool, pid):
        _own.pool, _own.pid = pool, pid
        _own.connection = pool.connection_class(**pool.connection_kwargs)  # not one of the pool's 100
    return _own.connection


def _exchange(connection: Any, command: tuple[Any, ...]) -> Any:
    try:
        connection.send_command(*command)
        return connection.read_response()
    except ResponseError:
        raise
    except BaseException:
        connection.disconnect()  # otherwise the next command would read this one's reply
        raise


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
