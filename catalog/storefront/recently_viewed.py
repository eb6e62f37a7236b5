"""The products that a visitor looked at last: their numbers in a signed cookie, and nothing on the server."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.storefront.browsing import product_numbered

COOKIE = SALT = "viewed"
KEPT = timedelta(days=30)
REMEMBERED = 8  # more than are shown: some will be hidden, and one is the page's own
SHOWN = 4


def recently_viewed(request: HttpRequest, but: int) -> list[dict[str, Any]]:
    """The last ones that can still be looked at, without this one."""
    found: list[dict[str, Any]] = []
    for number in _numbers(request):
        if number != but and len(found) < SHOWN and (product := product_numbered(number)):
            found.append(product)
    return found


def remember(request: HttpRequest, response: HttpResponse, number: int) -> HttpResponse:
    others = [each for each in _numbers(request) if each != number]
    response.set_signed_cookie(
        COOKIE,
        "-".join(map(str, [number, *others][:REMEMBERED])),
        salt=SALT,
        max_age=KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def is_fetched_ahead(request: HttpRequest) -> bool:
    """By a browser that thinks its user may want the page next: nobody looks at it yet."""
    return request.headers.get("Sec-Purpose", "").startswith("prefetch")


def _numbers(request: HttpRequest) -> list[int]:
    """The newest first. What this shop has not signed counts as nothing."""
    text = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=KEPT) or ""
    return [int(number) for number in text.split("-") if number]
