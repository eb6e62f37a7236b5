"""Holes: what a page shows of one visitor, left out of the stored page and filled when it is sent.

`{% hole "cart_count" %}` in a template stands for the template holes/cart_count.html. A page for one visitor
includes it; a page that is stored for all has only its name, and FILLERS says how to render it for the
visitor of a request. A new hole is a template and an entry there.
"""

import re
import secrets
from collections.abc import Callable
from functools import cached_property, lru_cache
from http.cookies import SimpleCookie
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.template.loader import render_to_string
from django.utils import translation

from accounts.sessions.visitors import Visitor, entries_of_cookie, visitor_of_cookie
from cart.context_processors import count_entries, count_units
from catalog.storefront import recently_viewed
from ecommerce.core.web import languages
from ecommerce.site.hot_path.gzip_parts import Part

FORM_TOKEN = b'<input type="hidden" name="csrfmiddlewaretoken" value="%s">'  # as of {% csrf_token %}
_csrf = CsrfViewMiddleware(lambda request: HttpResponse())


class Hole(NamedTuple):
    name: str
    argument: str


class Recipient:
    """The visitor to whom a stored page is sent."""

    def __init__(self, request: HttpRequest, *, shows_viewed: bool = False) -> None:
        self.request = request
        self.shows_viewed = shows_viewed
        self.cookies: SimpleCookie = SimpleCookie()  # those that the answer sets

    @cached_property
    def language(self) -> str:
        return languages.of_path(self.request.path_info)

    @cached_property
    def visitor(self) -> Visitor:
        return visitor_of_cookie(self.request)

    @cached_property
    def cart_count(self) -> int:
        return count_units(self.request, self.visitor)

    def entries(self) -> list[tuple[str, str]]:
        """Return the cache entries that the holes of a page read, as far as the cookies tell them."""
        request = self.request
        viewed = recently_viewed.entries(request) if self.shows_viewed else []
        return [*entries_of_cookie(request), *count_entries(request), *viewed]

    def fill(self, hole: Hole) -> Part:
        """Return the content of a hole."""
        return FILLERS[hole.name](self, hole.argument)


def marker(nonce: str, name: str, argument: object) -> str:
    """Return what stands for a hole until the page is split. No text of a product can contain the nonce."""
    return f"<!--hole {nonce} {name} {argument}-->"


def marker_pattern(nonce: str) -> re.Pattern[bytes]:
    return re.compile(rf"<!--hole {nonce} (\w+) (\w*)-->".encode())


def _account_links(recipient: Recipient, _: str) -> Part:
    return _account_links_of(recipient.language, recipient.visitor)


@lru_cache(1024)
def _account_links_of(language: str, visitor: Visitor) -> Part:
    return _render("account_links", language, {"visitor": visitor})


def _cart_count(recipient: Recipient, _: str) -> Part:
    return _cart_count_of(recipient.cart_count)


@lru_cache(1024)
def _cart_count_of(cart_count: int) -> Part:
    return _render("cart_count", "en", {"cart_count": cart_count})


def _form_token(recipient: Recipient, _: str) -> Part:
    """Fill in the secret of the visitor's forms, and set its cookie or renew it.

    Django also accepts the secret without the mask that its own tag puts over it. That mask keeps the secret
    from being guessed by the length of a page which repeats an attacker's text; no page with this hole does.
    """
    request, response = recipient.request, HttpResponse()
    _csrf.process_request(request)
    request.META.setdefault("CSRF_COOKIE", secrets.token_hex(16))
    request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
    _csrf.process_response(request, response)
    recipient.cookies.update(response.cookies)
    return Part.of(FORM_TOKEN % request.META["CSRF_COOKIE"].encode(), level=1)


def _viewed(recipient: Recipient, product_id: str) -> Part:
    """Show the products viewed before, and remember this one, unless its page is fetched ahead of a click."""
    request = recipient.request
    products = recently_viewed.recently_viewed(request, exclude=int(product_id))
    if request.method == "GET" and not recently_viewed.is_prefetch(request):
        response = recently_viewed.remember(request, HttpResponse(), int(product_id))
        recipient.cookies.update(response.cookies)
    rows = tuple(tuple(product.items()) for product in products)
    return _viewed_of(recipient.language, rows) if rows else NOTHING


@lru_cache(256)
def _viewed_of(language: str, rows: tuple[tuple[tuple[str, object], ...], ...]) -> Part:
    return _render("viewed", language, {"viewed": [dict(row) for row in rows]})


def _seen(recipient: Recipient, product_id: str) -> Part:
    if not recently_viewed.is_prefetch(recipient.request):
        return NOTHING
    return _render("seen", recipient.language, {"argument": product_id, "is_prefetch": True})


def _render(name: str, language: str, context: dict[str, object]) -> Part:
    with translation.override(language):
        text = render_to_string(f"holes/{name}.html", context)
    return Part.of(text.encode(), level=1)


NOTHING = Part.of(b"")
FILLERS: dict[str, Callable[[Recipient, str], Part]] = {
    "account_links": _account_links,
    "cart_count": _cart_count,
    "form_token": _form_token,
    "viewed": _viewed,
    "seen": _seen,
}
