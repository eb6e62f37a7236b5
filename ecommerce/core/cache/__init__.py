"""Read-through caching in Redis: `from ecommerce.core import cache`, then `cache.cached(…)`.

`cached` returns an entry that is still valid, and otherwise fills it from the database (`entries`). Nothing
is deleted or scanned to invalidate entries: each entry carries the stamps that were current before its fill
read the database, and is valid only while they are (`stamps`). So a fill that began before a change can
never serve its old result after it.

A page is stale? docs/storefront.md lists what to check. `LOG_CACHE=true` logs a line for each read: hit, miss
or waited, and how long its steps took.
"""

from ecommerce.core.cache.entries import cached, reading_ahead
from ecommerce.core.cache.misses import counting_misses
from ecommerce.core.cache.stamps import invalidate, invalidate_entry, invalidate_stock

__all__ = [
    "cached",
    "counting_misses",
    "invalidate",
    "invalidate_entry",
    "invalidate_stock",
    "reading_ahead",
]
