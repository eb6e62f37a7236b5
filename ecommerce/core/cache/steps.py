"""What Redis does for the cache in one step, so that nothing happens in between."""

from typing import Any

from ecommerce.core import redis

# Redis may evict the stamp of an invalidation that came during a fill, whose entry would be valid then.
_STORE = redis.Script("""
if (redis.call('get', KEYS[1]) or '') == ARGV[1] then
    redis.call('set', KEYS[2], ARGV[2], 'EX', ARGV[3])
end
""")
_UNLOCK = redis.Script("if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end")


def store_unless_invalidated(stamp_key: str, own: bytes, entry_key: str, entry: bytes, lifetime: int) -> None:
    """Store an entry if its own stamp is still this one. Raises RedisError."""
    _STORE.run([stamp_key, entry_key], [own, entry, lifetime])


def unlock(lock_key: str, token: str) -> None:
    """Release a lock, unless it ran out and another request has taken it since. Raises RedisError."""
    _UNLOCK.run([lock_key], [token])


def replace(stamp_key: str, stamp: str, entry_key: str, lifetime: int) -> None:
    """Set an entry's stamp and delete the entry. Raises RedisError."""
    pipeline: Any = redis.client().pipeline(transaction=True)
    pipeline.set(stamp_key, stamp, ex=lifetime).delete(entry_key).execute()
