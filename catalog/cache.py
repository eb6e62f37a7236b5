"""All cache keys of the catalog."""

from collections.abc import Callable
from urllib.parse import quote

from ecommerce.core import cache
from ecommerce.core.web.ratelimit import Allowance

NAMESPACE = "products"


def list_key(*, q: str, skip: int, limit: int, **more: object) -> str:
    """`list:q=all:skip=0:limit=20`; a query is quoted, so the query "all" has a key of its own."""
    parts = [f"q={_quoted(q) if q else 'all'}", f"skip={skip}", f"limit={limit}"]
    parts += [f"{name}={_quoted(str(more[name]))}" for name in sorted(more) if more[name] is not None]
    return ":".join(["list", *parts])


def slug_key(slug: str) -> str:
    return f"slug:{quote(slug, safe='')}"


def read(key: str, fill: Callable[[], bytes], allowance: Allowance | None) -> bytes:
    return cache.cached(NAMESPACE, key, fill, allowance=allowance)


def products_changed() -> None:
    """After a change of any product's text, price, visibility or existence."""
    cache.invalidate(NAMESPACE)


def stock_changed() -> None:
    """After a change of nothing but stock: shows within half a second."""
    cache.invalidate_stock(NAMESPACE)


def _quoted(text: str) -> str:
    return f'"{quote(text, safe="")}"'
