"""Cached entries that are invalidated one by one: data of a single visitor.

As in `ecommerce.core.cache.read_through`, with a stamp for each entry beside the namespace's generation:
`forget` sets a new stamp, so that a fill that began before it keeps nothing that is read after it. The
generation is for invalidations that Redis never received: a process that failed sets a new one as soon as it
can.
"""

import uuid
from collections.abc import Callable

from django.conf import settings
from redis.exceptions import RedisError

from ecommerce.core.cache import read_through as cache

LONGEST_FILL_S = 60  # above a request's time limit: a stamp outlives every entry that it ends


def read(namespace: str, key: str, fill: Callable[[], bytes]) -> bytes:
    """The cached bytes, or what `fill` makes of the database."""
    if not cache.reachable():
        return fill()
    try:
        cache.trust(namespace)
        generation, stamp, entry = cache.client().mget(_keys(namespace, key))
    except RedisError as error:
        cache.lost(error)
        return fill()
    head = b"%s %s\n" % (generation or b"", stamp or b"")
    if generation and entry and entry.startswith(head):
        return bytes(entry.removeprefix(head))
    payload = fill()
    _store(namespace, key, head + payload, begun=bool(generation))
    return payload


def forget(namespace: str, key: str) -> None:
    """Make this entry count no more. Call it after the commit."""
    if not settings.REDIS_ENABLED:
        return
    _, stamp, entry = _keys(namespace, key)
    try:
        pipe = cache.client().pipeline(transaction=False)
        pipe.set(stamp, uuid.uuid4().hex, ex=settings.CACHE_TTL_SECONDS + LONGEST_FILL_S)
        pipe.delete(entry)
        pipe.execute()
    except RedisError as error:
        cache.lost(error)
        cache.stamp_when_back(namespace)


def _store(namespace: str, key: str, entry: bytes, *, begun: bool) -> None:
    """Where Redis was emptied, a generation begins, and the next reader keeps what it reads."""
    generation, _, place = _keys(namespace, key)
    try:
        if begun:
            cache.client().set(place, entry, ex=settings.CACHE_TTL_SECONDS)
        else:
            cache.client().set(generation, uuid.uuid4().hex, nx=True)
    except RedisError as error:
        cache.lost(error)


def _keys(namespace: str, key: str) -> tuple[str, str, str]:
    names = f"{namespace}:generation", f"{namespace}:{key}:stamp", f"{namespace}:{key}"
    return cache.full(names[0]), cache.full(names[1]), cache.full(names[2])
