"""The cached number of items in a cart, which the header of every page shows."""

from collections.abc import Callable

from ecommerce.core import cache
from ecommerce.core.db import on_commit

NAMESPACE = "carts"


def read_count(owner: str, fill: Callable[[], int]) -> int:
    """Return the owner's number of items; `fill` counts them if no entry is cached."""
    return int(cache.cached(*entry(owner), lambda: b"%d" % fill()))


def entry(owner: str) -> tuple[str, str]:
    """Return the name of the owner's entry."""
    return NAMESPACE, owner


def cart_changed(owner: str) -> None:
    """Invalidate the owner's entry after the commit, or at once outside of a transaction."""
    on_commit(lambda: cache.invalidate_entry(NAMESPACE, owner))


def many_carts_changed() -> None:
    """Invalidate every owner's entry."""
    cache.invalidate(NAMESPACE)
