"""The customer of a request. No other module reads the guests' cookie and header."""

from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from cart import services
from cart.models import Buyer, Cart, Guest
from ecommerce.core.web.http import cookie_name

COOKIE = "cart"
HEADER = "X-Cart-Token"
HEADER_IN_META = "HTTP_X_CART_TOKEN"
LEFT = "cart.guest_left"
Response = TypeVar("Response", bound=HttpResponse)


def buyer_of(request: HttpRequest) -> Buyer | None:
    """Return the signed-in customer or the guest, and None for a visitor who has no cart yet."""
    return request.user if isinstance(request.user, User) else guest_of(request)


def guest_of(request: HttpRequest) -> Guest | None:
    """Return the guest of the header (API) or the cookie (pages), even if the request is signed in."""
    token = request.META.get(HEADER_IN_META) or request.COOKIES.get(cookie_name(COOKIE), "")
    return Guest.of_token(token) if token else None


def cart_of(request: HttpRequest) -> Cart | None:
    """Return the customer's cart, and None without a query for a visitor who has none."""
    buyer = buyer_of(request)
    return services.get_cart(user=buyer) if buyer else None


def keep(response: Response, buyer: Buyer) -> Response:
    """Set the cookie by which a guest finds the cart again for the next 30 days."""
    if isinstance(buyer, Guest):
        response.set_cookie(
            cookie_name(COOKIE),
            buyer.token,
            max_age=services.GUEST_CART_LIFETIME,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def leave(request: Any) -> None:
    """Note that the visitor has signed in or out, and is this guest no longer."""
    request.META[LEFT] = True


def forget_if_left(request: HttpRequest, response: HttpResponse) -> None:
    """Delete the cookie of a guest who has left."""
    name = cookie_name(COOKIE)
    if LEFT in request.META and name in request.COOKIES:
        response.delete_cookie(name, samesite="Lax")
