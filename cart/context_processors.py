from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.sessions.visitors import visitor_of
from cart import services, session
from cart.models import owner_key, owner_of_user


def head(request: HttpRequest) -> dict[str, object]:
    """Return the visitor and the number of items in the cart, looked up only if a page shows them."""
    visitor = SimpleLazyObject(lambda: visitor_of(request))
    return {"visitor": visitor, "cart_count": SimpleLazyObject(lambda: _count(request, visitor.user))}


def _count(request: HttpRequest, user: str | None) -> int:
    if user:
        return services.count_units(owner_of_user(user))
    guest = session.guest_of(request)
    return services.count_units(owner_key(guest)) if guest else 0
