"""The hot path answers as Django does: the same status, headers and body, whatever the request's headers."""

import re
from dataclasses import replace
from http.cookies import SimpleCookie
from itertools import product

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from cart.models import Guest
from cart.services import add_item
from catalog.models import Product
from catalog.services import update_product
from ecommerce.site.hot_path.application import HotPath
from tests.support import factories
from tests.support.api_clients import api_of, key_api
from tests.support.wsgi import Application, Reply, send

OWN = {"Content-Encoding", "Content-Length", "ETag", "Expires", "Set-Cookie", "Vary"}
OWN |= {"X-Process-Time", "X-Request-ID"}
FORM_SECRET = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
URLS = (
    "/",
    "/products/?q=lamp&page=1&unknown=1",
    "/products/lamp/",
    "/products/former/?utm_source=mail",
    "/categories/unknown/",
    "/api/v1/products?limit=1&unknown=1",
    "/api/v1/products/lamp",
    "/api/v1/products/unknown",
)
OTHER_URLS = (
    "/de/",
    "/?utm_source=mail",
    "/products/",
    "/products/?min_price=x&sort=price",
    "/products/?page=7",
    "/de/products/?q=nothing",
    "/categories/light/",
    "/de/products/lamp/?utm_source=mail",
    "/products/unknown/",
    "/products/%F0%9F%92%A1/",
    "/cart/",
    "/nowhere/",
    "/api/v1/products",
    "/api/v1/products?limit=0",
    "/api/v1/products?q=lamp&q=x",
    "/api/v1/products/%F0%9F%92%A1",
    "/api/v1/cart",
)
OTHER_METHODS = ("HEAD", "POST", "OPTIONS", "DELETE", "BREW")
HEADERS: dict[str, dict[str, str]] = {
    "none": {},
    "gzip": {"HTTP_ACCEPT_ENCODING": "br, gzip"},
    "no encoding": {"HTTP_ACCEPT_ENCODING": "identity"},
    "range": {"HTTP_RANGE": "bytes=0-9"},
    "allowed origin": {"HTTP_ORIGIN": "http://localhost:3000"},
    "other origin": {"HTTP_ORIGIN": "https://evil.example"},
    "preflight": {"HTTP_ORIGIN": "http://localhost:3000", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"},
    "old tag": {"HTTP_IF_NONE_MATCH": '"x", W/"y"'},
    "bad token": {"HTTP_AUTHORIZATION": "Bearer nonsense"},
    "token of three words": {"HTTP_AUTHORIZATION": "Bearer a b"},
    "other scheme": {"HTTP_AUTHORIZATION": "Basic dXNlcjpwYXNz"},
    "bad key": {"HTTP_AUTHORIZATION": "Api-Key x.y"},
    "other host": {"HTTP_HOST": "evil.example"},
    "accept html": {"HTTP_ACCEPT": "text/html", "HTTP_ACCEPT_LANGUAGE": "de"},
    "body": {"CONTENT_LENGTH": "3", "CONTENT_TYPE": "application/json"},
    "chunked": {"HTTP_TRANSFER_ENCODING": "chunked"},
    "prefetch": {"HTTP_SEC_PURPOSE": "prefetch"},
    "forwarded": {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
    "other cookies": {
        "HTTP_COOKIE": 'sessionid=unknown-session; cart=forged; viewed=forged; csrftoken=x; x="'
    },
    "messages": {"HTTP_COOKIE": "messages=forged"},
}


@pytest.fixture
def shop(lamp: Product) -> None:
    former = factories.product(slug="former", category="Light")
    update_product(pk=str(former.pk), slug="current")


def comparable(reply: Reply) -> tuple[str, list[tuple[str, str]], set[str], list[str], str]:
    """Return what a reply must have in common with another, so not the time and the form's secret."""
    headers = sorted(header for header in reply.headers if header[0] not in OWN)
    vary = set(reply.header("Vary").lower().split(", ")) - {"accept-encoding"}
    return reply.status, headers, vary, cookies_of(reply), FORM_SECRET.sub("", reply.text)


def cookies_of(reply: Reply) -> list[str]:
    """Return the cookies with their attributes, without the values that differ from request to request."""
    cookies = [SimpleCookie(value) for name, value in reply.headers if name == "Set-Cookie"]
    each = [
        (morsel.key, morsel["httponly"], morsel["samesite"])
        for cookie in cookies
        for morsel in cookie.values()
    ]
    return sorted(map(str, each))


def same_as_django(hot: HotPath, url: str, method: str, headers: dict[str, str]) -> None:
    """Compare a request that fills, if any does, and one that finds the entry."""
    expected = comparable(reply(hot.django, url, method, headers))
    for time in ("first", "second"):
        assert comparable(reply(hot, url, method, headers)) == expected, (time, url, method, headers)


def reply(application: Application, url: str, method: str, headers: dict[str, str]) -> Reply:
    """Return the reply as a server sends it: without the body that Django returns for HEAD."""
    sent = send(application, url, method, **headers)
    return replace(sent, body=b"") if method == "HEAD" else sent


@pytest.mark.parametrize("url", URLS)
def test_every_method_and_header(hot, shop, url):
    for headers in HEADERS.values():
        same_as_django(hot, url, "GET", headers)
    for method, headers in product(OTHER_METHODS, ("none", "allowed origin")):
        same_as_django(hot, url, method, HEADERS[headers])


@pytest.fixture
def callers(shop: None, lamp: Product, customer: User, staff: User) -> list[dict[str, str]]:
    """The headers of visitors and clients whose cookies and tokens are valid."""
    guest = Guest.new()
    for buyer in (guest, customer):
        add_item(user=buyer, product_id=lamp.product_id, qty=2)
    viewer = Client()
    viewer.get("/products/current/")
    cart = f"cart={guest.token}"
    return [
        {"HTTP_COOKIE": cart},
        {"HTTP_X_CART_TOKEN": guest.token},
        {"HTTP_COOKIE": "; ".join(f"{name}={each.value}" for name, each in viewer.cookies.items())},
        {"HTTP_COOKIE": session_of(customer)},
        {"HTTP_COOKIE": f"{session_of(staff)}; {cart}"},
        {"HTTP_AUTHORIZATION": authorization(api_of(customer))},
        {"HTTP_AUTHORIZATION": authorization(key_api("catalog.view_product", by=staff))},
        {"HTTP_AUTHORIZATION": authorization(key_api("orders.view_order", by=staff))},
    ]


def session_of(user: User) -> str:
    browser = Client()
    browser.force_login(user)
    return f"sessionid={browser.cookies['sessionid'].value}"


def authorization(client: APIClient) -> str:
    return str(client._credentials["HTTP_AUTHORIZATION"])


@pytest.mark.parametrize("url", OTHER_URLS)
def test_other_urls(hot, shop, url):
    for headers in ("none", "gzip", "allowed origin", "other cookies"):
        same_as_django(hot, url, "GET", HEADERS[headers])


@pytest.mark.parametrize("path", ["/products/", "/api/v1/products"])
def test_a_query_of_plain_bytes(hot, shop, path):
    """Some clients send letters as they are, and some send bytes that are no text."""
    factories.product(name="Lämpchen", slug="laempchen")
    for query in ("q=lämp", "q=%FF", "q=%00", "q=\N{SNOWMAN}" * 9):
        raw = {"QUERY_STRING": query.encode().decode("latin-1")}
        same_as_django(hot, path, "GET", raw)
    assert "Lämpchen" in send(hot, path, QUERY_STRING="q=lämp".encode().decode("latin-1")).text


def test_every_caller(hot, callers):
    for url, headers in product(URLS, callers):
        same_as_django(hot, url, "GET", headers)
