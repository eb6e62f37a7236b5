"""From a request to its customer: the one place that knows of the guests' cookie and header."""

from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from cart import services
from cart.models import Buyer, Cart, Guest

COOKIE = "cart"
HEADER = "X-Cart-Token"
Response = TypeVar("Response", bound=HttpResponse)


def buyer_of(request: HttpRequest) -> Buyer | None:
    """The signed-in customer or the guest of a page; a visitor who has no cart yet is nobody."""
    return request.user if isinstance(request.user, User) else guest_of(request)


def guest_of(request: HttpRequest) -> Guest | None:
    """The guest of a page's cookie or, in the API, of a header; also beside somebody's signing in."""
    return Guest.of_token(request.headers.get(HEADER) or request.COOKIES.get(COOKIE, ""))


def cart_of(request: HttpRequest) -> Cart | None:
    """A visitor has no cart, and none is looked for."""
    buyer = buyer_of(request)
    return services.get_cart(user=buyer) if buyer else None


def keep(response: Response, buyer: Buyer) -> Response:
    """Let a guest find the cart again, for 30 days from now."""
    if isinstance(buyer, Guest):
        response.set_cookie(
            COOKIE,
            buyer.token,
            max_age=services.GUEST_CARTS_KEPT,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
