from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.sessions.visitors import Visitor, last_account, visitor_of
from cart import cache, services, session
from cart.models import owner_key, owner_of_user


def head(request: HttpRequest) -> dict[str, object]:
    """Return the visitor and the number of items in the cart, looked up only if a page shows them."""
    visitor: Any = SimpleLazyObject(lambda: visitor_of(request))
    return {"visitor": visitor, "cart_count": SimpleLazyObject(lambda: count_units(request, visitor))}


def count_units(request: HttpRequest, visitor: Visitor) -> int:
    """Return the number of items in the visitor's cart."""
    owner = _owner(request, visitor.user)
    return services.count_units(owner) if owner else 0


def count_entries(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the cache entry that `count_units` will read, as far as the request's cookies tell."""
    owner = _owner(request, last_account(request))
    return [cache.entry(owner)] if owner else []


def _owner(request: HttpRequest, user: str | None) -> str | None:
    if user:
        return owner_of_user(user)
    guest = session.guest_of(request)
    return owner_key(guest) if guest else None
