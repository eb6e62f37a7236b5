"""Misses: requests for an entry that is not stored, counted by their callers.

The refill of an entry that a change or a sale has made stale is none: no reader brings it about by asking for
odd values, and all share it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ecommerce.core.web import ratelimit
from ecommerce.core.web.ratelimit import Allowance

_counting: ContextVar[tuple[str, Callable[[], Allowance]] | None] = ContextVar("counting", default=None)


@contextmanager
def counting_misses(namespace: str, allowance: Callable[[], Allowance]) -> Iterator[None]:
    """Count the block against the allowance, once, if it misses an entry of the namespace.

    Beyond the allowance `cached` raises RateLimited before it fills an entry.
    """
    token = _counting.set((namespace, allowance))
    try:
        yield
    finally:
        _counting.reset(token)


def count(namespace: str) -> None:
    """Count a miss if the caller's misses are counted and none was yet. Raises RateLimited."""
    counted, allowance = _counting.get() or ("", None)
    if allowance is not None and namespace == counted:
        _counting.set(None)
        ratelimit.count(allowance())
