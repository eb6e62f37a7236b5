"""Operators of MongoDB and lookups of Django are plain text wherever they are sent."""

import json
import os
from collections.abc import Iterator
from itertools import cycle, product
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from ecommerce.core.db import connection
from tests.security.bodies import BODIES
from tests.security.routes import API
from tests.security.world import HEADERS, World, signed_in, visitor
from tests.support.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.exhaustive]
OBJECTS: list[Any] = [
    {"$ne": None},
    {"$ne": ""},
    {"$gt": ""},
    {"$gte": 0},
    {"$lt": "~"},
    {"$exists": True},
    {"$regex": ".*"},
    {"$regex": "^a", "$options": "i"},
    {"$in": ["customer@example.com", "admin@example.com"]},
    {"$nin": []},
    {"$not": {"$eq": 1}},
    {"$or": [{}, {"a": 1}]},
    {"$where": "sleep(5000) || true"},
    {"$expr": {"$eq": [1, 1]}},
    {"$expr": {"$function": {"body": "function(){return true}", "args": [], "lang": "js"}}},
    {"$jsonSchema": {}},
    {"$elemMatch": {"$gt": 0}},
    {"$type": 2},
    {"$size": 0},
    {"$set": {"role": "admin"}},
    {"$inc": {"inventory": 1000}},
    {"$literal": "x"},
    {"$oid": "5f5f5f5f5f5f5f5f5f5f5f5f"},
    {"$numberDecimal": "0.01"},
    [{"$match": {}}],
    {"email": {"$ne": None}},
]
TEXTS = [
    '{"$ne": null}',
    '{"$gt": ""}',
    "[$ne]=1",
    "$where",
    "$email",
    "$$ROOT",
    "$role",
    "'; return true; var a='",
    "' || '1'=='1",
    "1; sleep(5000)",
    "true, $where: '1 == 1'",
    ".*",
    "^customer",
    "a[$regex]=.*",
    "customer@example.com' && this.password.match(/.*/)//",
    "\\u0024ne",
    "*)(uid=*))(|(uid=*",
    "admin'--",
]
ALL = [*OBJECTS, *TEXTS]
# As text the objects differ in their operator's name only: a few will do, and `make fuzz` sends all of them.
AS_TEXT = [*TEXTS, *map(json.dumps, OBJECTS if os.environ.get("ALL_OPERATORS") else OBJECTS[::6])]
NAMES = [
    "q",
    "category",
    "product_id",
    "min_price",
    "in_stock",
    "sort",
    "skip",
    "limit",
    "page",
    "token",
    "o",
    "e",
]
SUFFIXES = ["[$ne]", "[$gt]", "[$regex]", ".$where", "__regex", "__ne", "__gt"]
READS = ["/api/v1/products", "/api/v1/orders", "/api/v1/orders/admin/all", "/products/", "/orders/", "/cart/"]
READS += ["/account/verify-email/", "/admin/accounts/user/", "/admin/orders/order/"]
EMPTY_BODIES = {"PATCH admin/products/<str:pk>", "POST checkout/create-order"}
COOKIES = {"POST auth/refresh"}  # without a token in the body, the token of a cookie is used
CHECKED = ("users", "products", "orders", "payments", "stock_movements", "refunds")


def stored() -> dict[str, list[Any]]:
    """Return the rows that no injection may change, without the times of sign-ins."""
    tables = {name: list(connection.database[name].find({}, {"last_login": 0})) for name in CHECKED}
    return {name: sorted(rows, key=lambda row: str(row["_id"])) for name, rows in tables.items()}


def text_of(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload)


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """A world that must be unchanged after the test."""
    world = World()
    assert world.shipped_order
    before = stored()
    yield world
    assert stored() == before


def test_operators_are_refused_in_bodies(world: World) -> None:
    """They replace each field of each route in turn, and the whole body."""
    api, payloads = APIClient(raise_request_exception=False), cycle(OBJECTS)
    headers = HEADERS["admin"](world)
    for row in sorted(BODIES):
        method, route = row.split(" ", 1)
        body, url = BODIES[row](world), world.path(API + route)
        wrong = [{**body, field: next(payloads)} for field in body for _ in range(6)]
        wrong += [] if row in EMPTY_BODIES else [next(payloads) for _ in range(4)]
        for payload in wrong:
            answer = api.generic(method, url, json.dumps(payload), "application/json", headers=headers)
            expected = 401 if row in COOKIES and "refresh_token" not in payload else 400
            assert answer.status_code == expected, (row, payload)


def test_operators_do_not_sign_in(world: World) -> None:
    api, page = APIClient(raise_request_exception=False), visitor()
    for payload, valid in product(ALL, [{"email": "x@example.com"}, {"password": PASSWORD}]):
        sent = {"email": payload, "password": payload} | valid
        assert api.post("/api/v1/auth/login", sent, format="json").status_code in (400, 401, 429), sent
        typed = {name: text_of(value) for name, value in sent.items()}
        page.post("/account/login/", typed | {f"{name}[$ne]": "" for name in typed})
        page.post("/admin/login/", {"username": typed["email"], "password": typed["password"]})
        assert "_auth_user_id" not in page.session


def test_operators_match_nothing_in_queries(world: World) -> None:
    api, office = APIClient(raise_request_exception=False), signed_in(world.admin)
    for text in AS_TEXT:
        found = api.get("/api/v1/products", {"q": text})
        assert (found.status_code, found.json()) == (200, []), text
        for url in READS:
            answer = read(api, office, world, url, dict.fromkeys(NAMES, text))
            assert answer.status_code < 500, (url, text)


def test_operators_in_parameter_names_are_ignored(world: World) -> None:
    api, office = APIClient(raise_request_exception=False), signed_in(world.admin)
    for url, suffix in product(READS, SUFFIXES):
        names = {f"{name}{suffix}": "zq" for name in (*NAMES, "email", "password", "user__password", "total")}
        answer = read(api, office, world, url, names)
        assert answer.status_code < 500, (url, suffix)
        if url.startswith("/api/"):
            assert answer.content == read(api, office, world, url, {}).content, (url, suffix)


def read(api: APIClient, office: Client, world: World, url: str, params: dict[str, str]) -> HttpResponse:
    if url.startswith("/api/"):
        return api.get(url, params, HTTP_AUTHORIZATION=world.admin_bearer)
    return office.get(url, params)


def test_operators_are_ignored_in_headers_and_cookies(world: World) -> None:
    for text in map(quoted, AS_TEXT):
        cookie = f"cart={text}; sessionid={text}; refresh_token={text}"
        headers = dict.fromkeys(("X-Cart-Token", "Idempotency-Key", "X-Request-ID", "User-Agent"), text)
        assert visitor().get("/api/v1/cart", headers=headers).status_code == 401, text
        assert visitor().get("/api/v1/orders/x", headers={"X-Order-Token": text}).status_code == 401, text
        assert visitor().get("/api/v1/cart", headers={"Authorization": f"Bearer {text}"}).status_code == 401
        page = visitor().get("/cart/", headers={**headers, "Cookie": cookie, "X-Forwarded-For": text})
        assert page.status_code == 200, text


def quoted(text: str) -> str:
    """Return the text with what a header may not hold quoted."""
    return quote(text, safe="{}$\":[]'. =*")


def test_operators_in_paths_are_not_found(world: World) -> None:
    api = APIClient(raise_request_exception=False, headers=HEADERS["admin"](world))
    office = signed_in(world.admin)
    for part in (quote(text, safe="") for text in AS_TEXT):
        for url in ("products", "orders", "payments", "auth/sessions", "admin/products"):
            send = {"auth/sessions": api.delete, "admin/products": api.delete}.get(url, api.get)
            assert send(f"/api/v1/{url}/{part}").status_code == 404, (url, part)
        for url in ("products", "categories", "orders", "admin/accounts/user"):
            assert office.get(f"/{url}/{part}/").status_code in (302, 404), (url, part)


def test_lookups_of_the_admin_do_not_reach_passwords(world: World) -> None:
    """Its lists take filters from the address, so that a password could be guessed letter by letter."""
    office = signed_in(world.admin)
    for lookup in ("password__startswith=b", "password__regex=.*", "user__password__gt=a", "token_version=0"):
        assert office.get(f"/admin/accounts/user/?{lookup}").status_code == 400, lookup
    for page, lookup in (("orders/order", "user__password__gt=a"), ("orders/order", "email__gte=a")):
        assert office.get(f"/admin/{page}/?{lookup}").status_code == 400, lookup


def test_plain_requests_find_something(world: World) -> None:
    """The control: the routes above find what is requested without an operator."""
    api = APIClient()
    assert len(api.get("/api/v1/products", {"q": world.product.name}).json()) == 1
    credentials = {"email": "stranger@example.com", "password": PASSWORD}
    assert User.objects.filter(email=credentials["email"]).exists()
    assert api.post("/api/v1/auth/login", credentials).status_code == 200
