"""What the cache answers when Redis, being full, has evicted a key."""

from catalog.cache import NAMESPACE
from ecommerce.core import cache, redis
from ecommerce.core.cache import stamps


def read(payload: bytes) -> bytes:
    """Return the entry, which a fill would give this payload."""
    return cache.cached(NAMESPACE, "lamp", lambda: payload)


def test_without_its_generation_an_entry_is_filled_again():
    read(b"old")
    redis.client().delete(stamps.generation_key(NAMESPACE))
    assert read(b"new") == b"new"


def test_without_the_stamp_that_invalidated_it_an_entry_counts_again():
    """So docs/scaling.md asks for enough memory, and for an alarm on evictions."""
    read(b"old")
    cache.invalidate_entry(NAMESPACE, "lamp")
    redis.client().delete(stamps.stamp_key(NAMESPACE, "lamp"))
    assert read(b"new") == b"old"


def test_with_that_stamp_it_is_filled_again():
    read(b"old")
    cache.invalidate_entry(NAMESPACE, "lamp")
    assert read(b"new") == b"new"


def test_only_keys_that_expire_may_be_evicted():
    """`volatile-lru` evicts those alone, so it keeps the stamps that invalidate a whole namespace."""
    read(b"a lamp")
    cache.invalidate_entry(NAMESPACE, "lamp")
    cache.invalidate_stock(NAMESPACE)
    client = redis.client()
    for_ever = {key.decode() for key in client.keys("ecommerce:*") if client.ttl(key) == -1}
    assert for_ever == {stamps.generation_key(NAMESPACE), stamps.stock_key(NAMESPACE)}
