"""Cache entries of the catalog: how they are keyed, read and invalidated."""

from collections.abc import Callable
from urllib.parse import quote

from ecommerce.core import cache
from ecommerce.core.web.ratelimit import Allowance

NAMESPACE = "products"
RARE_S = 60  # how long an answer is kept that hardly any other visitor will ask for


def list_key(*, q: str, skip: int, limit: int, **filters: object) -> str:
    """Return a key such as `list:q=all:skip=0:limit=20`; quotation marks set a search for "all" apart."""
    parts = [f"q={_quoted(q) if q else 'all'}", f"skip={skip}", f"limit={limit}"]
    for name, value in sorted(filters.items()):
        if value is not None:
            parts.append(f"{name}={_quoted(str(value))}")
    return ":".join(["list", *parts])


def slug_key(slug: str) -> str:
    return f"slug:{quote(slug, safe='')}"


def tiers_key(text: str) -> str:
    return f"tiers:{quote(text, safe='')}"


def read(
    key: str,
    fill: Callable[[], bytes],
    *,
    shows_stock: bool = True,
    is_rare: bool = False,
    allowance: Allowance | None = None,
) -> bytes:
    """Return the cached bytes, or what `fill` reads from the database. Raises RateLimited."""
    lifetime = RARE_S if is_rare else None
    return cache.cached(NAMESPACE, key, fill, shows_stock=shows_stock, lifetime=lifetime, allowance=allowance)


def products_changed() -> None:
    """Invalidate every entry after a product's text, price, visibility or existence has changed."""
    cache.invalidate(NAMESPACE)


def stock_changed() -> None:
    """Let entries that show stock expire after only the stock has changed: none shows it a second later."""
    cache.invalidate_stock(NAMESPACE)


def _quoted(text: str) -> str:
    return f'"{quote(text, safe="")}"'
