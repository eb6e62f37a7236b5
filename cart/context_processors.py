from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from cart import session


def cart_count(request: HttpRequest) -> dict[str, object]:
    """The number of units for the header; asked for only where a page shows it."""
    return {"cart_count": SimpleLazyObject(lambda: _count(request))}


def _count(request: HttpRequest) -> int:
    cart = session.cart_of(request)
    return sum(item.qty for item in cart.items) if cart else 0
