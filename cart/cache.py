"""The number beside the cart in the head of a page, until that cart is another."""

from collections.abc import Callable

from ecommerce.core import cache
from ecommerce.core.db import on_commit

NAMESPACE = "carts"


def read_count(owner: str, fill: Callable[[], int]) -> int:
    return int(cache.cached(NAMESPACE, owner, lambda: b"%d" % fill()))


def cart_changed(owner: str) -> None:
    """Joins a transaction."""
    on_commit(lambda: cache.invalidate_entry(NAMESPACE, owner))


def many_carts_changed() -> None:
    cache.invalidate(NAMESPACE)
