"""Stamps: random values in Redis that validate the entries of the cache.

    <namespace>:generation     a new one invalidates every entry of the namespace
    <namespace>:stock          a new one invalidates those that show stock, half a second after their fill
    <namespace>:<key>:stamp    a new one invalidates this entry alone

The first two have no time to live, so Redis, which may evict what has one, keeps them.

Every `invalidate…` is called after the commit of a change, by `on_commit`. Where Redis does not answer, a
thread sets a new generation as soon as it does: other processes may not have noticed the failure.
"""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from redis.exceptions import RedisError

from ecommerce.core import redis
from ecommerce.core.cache import steps

LONGEST_FILL_S = 60  # above a request's time limit: an entry's own stamp outlives each entry it invalidates

_lock = threading.Lock()  # guards the two below
_trusted: dict[str, int] = {}  # by namespace: the failures of Redis that its generation takes into account
_waiting: set[str] = set()  # namespaces for which a thread waits until Redis is back


def invalidate(namespace: str) -> None:
    """Invalidate every entry in the namespace."""
    _send(namespace, lambda: redis.client().set(generation_key(namespace), new_stamp()))


def invalidate_stock(namespace: str) -> None:
    """Invalidate every entry in the namespace that shows stock, each half a second after its fill began."""
    _send(namespace, lambda: redis.client().set(stock_key(namespace), new_stamp()))


def invalidate_entry(namespace: str, key: str) -> None:
    """Invalidate one entry. Its stamp is for the fills that have begun; Redis may evict it after them."""
    lifetime = settings.CACHE_TTL_SECONDS + LONGEST_FILL_S
    where, entry = stamp_key(namespace, key), redis.full_key(f"{namespace}:{key}")
    _send(namespace, lambda: steps.replace(where, new_stamp(), entry, lifetime))


def renew_untrusted(namespace: str) -> None:
    """Set a new generation before the first read since the start of this process or a failure of Redis.

    Until then Redis may hold entries whose invalidation it never received. Raises RedisError.
    """
    if _is_trusted(namespace):
        return
    with _lock:  # of several threads one sets it: each new generation would make the others fill again
        if not _is_trusted(namespace):
            failures = redis.failures()
            redis.client().set(generation_key(namespace), new_stamp())
            _trusted[namespace] = failures


def begin_generation(namespace: str) -> None:
    """Set the generation of a Redis that was emptied, unless another process just did."""
    redis.client().set(generation_key(namespace), new_stamp(), nx=True)


def generation_key(namespace: str) -> str:
    return redis.full_key(f"{namespace}:generation")


def stock_key(namespace: str) -> str:
    return redis.full_key(f"{namespace}:stock")


def stamp_key(namespace: str, key: str) -> str:
    return redis.full_key(f"{namespace}:{key}:stamp")


def new_stamp() -> str:
    return uuid.uuid4().hex


def _send(namespace: str, invalidation: Callable[[], object]) -> None:
    if not settings.REDIS_ENABLED:
        return
    try:  # also while the breaker is open: it may be open for this process alone
        invalidation()
    except RedisError as error:
        redis.lost(error)
        _renew_when_back(namespace)


def _renew_when_back(namespace: str) -> None:
    with _lock:
        if namespace in _waiting:
            return
        _waiting.add(namespace)
    threading.Thread(target=_retry_until_renewed, args=[namespace], daemon=True).start()


def _retry_until_renewed(namespace: str) -> None:
    while True:
        time.sleep(redis.BREAK_S / 2)
        with suppress(RedisError):
            renew_untrusted(namespace)
        with _lock:
            if _is_trusted(namespace):
                _waiting.discard(namespace)
                return


def _is_trusted(namespace: str) -> bool:
    return _trusted.get(namespace) == redis.failures()
