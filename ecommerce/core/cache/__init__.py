"""Read-through caching in Redis: `from ecommerce.core import cache`, then `cache.cached(…)`.

`cached` returns an entry that is still valid, and otherwise fills it from the database (`entries`). Nothing
is deleted or scanned to invalidate entries: each entry carries the stamps that were current before its fill
read the database, and is valid only while they are (`stamps`). So a fill that began before a change can
never serve its old result after it.

Why is this page stale?

1. The change called no `invalidate…`. Each service that changes what a page shows has to call the function
   of its app's `cache.py`, in `on_commit`.
2. It called it before the commit, not in `on_commit`: a fill in between read the old row under the new stamp.
3. Only stock changed: `invalidate_stock` lets entries live on for half a second, so that a flash sale
   causes two fills a second and not thousands.
4. It is not this cache: compare with `REDIS_ENABLED=false`. Browsers keep pages, too (`Cache-Control`).

`LOG_CACHE=true` logs a line for each read: hit, miss or waited, and how long its steps took.
"""

from ecommerce.core.cache.entries import cached
from ecommerce.core.cache.stamps import invalidate, invalidate_entry, invalidate_stock

__all__ = ["cached", "invalidate", "invalidate_entry", "invalidate_stock"]
