"""Recently viewed products. Their ids are in a signed cookie; the server stores nothing."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.queries import find_product, product_entry
from catalog.types import ProductData
from ecommerce.core.web.http import cookie_name

COOKIE = SALT = "viewed"
KEPT = timedelta(days=30)
REMEMBERED = 8  # more than are shown: some get hidden, and one is the product of the page itself
SHOWN = 4


def recently_viewed(request: HttpRequest, *, exclude: int) -> list[ProductData]:
    """Return the products viewed last that are still visible, without the one with this `product_id`."""
    products: list[ProductData] = []
    for product_id in _product_ids(request):
        if product_id == exclude:
            continue
        product = find_product(product_id)
        if product:
            products.append(product)
        if len(products) == SHOWN:
            break
    return products


def entries(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the cache entries that `recently_viewed` reads, unless some of the products are hidden."""
    return [product_entry(product_id) for product_id in _product_ids(request)[: SHOWN + 1]]


def remember(request: HttpRequest, response: HttpResponse, product_id: int) -> HttpResponse:
    """Put the product first in the response's cookie and return the response."""
    others = [other for other in _product_ids(request) if other != product_id]
    response.set_signed_cookie(
        cookie_name(COOKIE),
        "-".join(map(str, [product_id, *others][:REMEMBERED])),
        salt=SALT,
        max_age=KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def is_prefetch(request: HttpRequest) -> bool:
    """Return whether the browser fetches the page ahead of a click, so that it is not viewed yet."""
    return bool(request.META.get("HTTP_SEC_PURPOSE", "").startswith("prefetch"))


def _product_ids(request: HttpRequest) -> list[int]:
    """Return the ids in the cookie, the newest first; none if its signature is not ours."""
    text = request.get_signed_cookie(cookie_name(COOKIE), default="", salt=SALT, max_age=KEPT) or ""
    return [int(product_id) for product_id in text.split("-") if product_id]
