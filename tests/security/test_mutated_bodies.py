"""Bodies that are almost valid: none is answered with a 5xx, and none leaves inconsistent data.

They are the same in every run; `MUTATIONS_SEED` generates others. `make exhaustive` sends a few hundred,
`make fuzz` thousands (`MUTATED_BODIES`).
"""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from tests.security.bodies import BODIES
from tests.security.routes import API
from tests.security.world import HEADERS, World

pytestmark = [pytest.mark.django_db, pytest.mark.exhaustive]
PART = 250  # bodies per world: by then the accepted ones have changed it too much
PARTS = int(os.environ.get("MUTATED_BODIES", "250")) // PART
SEED = int(os.environ.get("MUTATIONS_SEED", "1"))
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, -(10**30), 2**31, 2**63, 1e308, float("inf"), float("nan"),
    "", " ", "0", "-1", "1e5", "\x00", "\ud800", "\u202e", "💡" * 50, "x" * 5000, "a@b", "a@" + "b" * 300,
    "../../etc/passwd", "%00", "{{7*7}}", "${7*7}", "' OR 1=1 --", "<script>", "\r\nX: y", "1" * 400,
    [], {}, [[]], [{}], {"$gt": ""}, {"": ""}, {"a.b": 1}, {"\x00": 1}, {"__proto__": {}}, [None] * 100,
    {"$date": 1}, {"$oid": "5f5f5f5f5f5f5f5f5f5f5f5f"}, "2026-01-01T00:00:00Z", "NaN", "1,5", "\u0661",
]  # fmt: skip
NAMES = [
    "_id",
    "id",
    "$set",
    "a.b",
    "",
    "\x00",
    "__class__",
    "role",
    "qty",
    "email",
    "price",
    "\ud800",
    "x" * 300,
]
CALLERS = ["anonymous", "customer", "customer", "admin", "admin", "cart token", "order token"]
Mutation = Callable[[random.Random, dict[str, Any]], Any]


def other_value(chance: random.Random, body: dict[str, Any]) -> Any:
    return {**body, chance.choice(list(body) or NAMES): chance.choice(ODD)}


def without(chance: random.Random, body: dict[str, Any]) -> Any:
    gone = chance.choice(list(body) or [""])
    return {name: value for name, value in body.items() if name != gone}


def one_more(chance: random.Random, body: dict[str, Any]) -> Any:
    return {**body, chance.choice(NAMES): chance.choice(ODD)}


def nested(chance: random.Random, body: dict[str, Any]) -> Any:
    name = chance.choice(list(body) or NAMES)
    return {**body, name: chance.choice([[body.get(name)], {name: body.get(name)}, {"$eq": body.get(name)}])}


def address(chance: random.Random, body: dict[str, Any]) -> Any:
    names = ("name", "line1", "line2", "city", "region", "postcode", "country", "phone")
    return {**body, "shipping_address": {name: chance.choice([*ODD, "DE", "Berlin"]) for name in names}}


def wrapped(chance: random.Random, body: dict[str, Any]) -> Any:
    return chance.choice([[body], {"data": body}, [body, body], chance.choice(ODD)])


def all_odd(chance: random.Random, body: dict[str, Any]) -> Any:
    return {name: chance.choice(ODD) for name in body}


MUTATIONS: list[Mutation] = [other_value, other_value, other_value, without, one_more, nested, address]
MUTATIONS += [wrapped, all_odd]


def mutated(chance: random.Random, body: dict[str, Any]) -> bytes:
    for _ in range(chance.choice([1, 1, 2, 3])):
        body = chance.choice(MUTATIONS)(chance, body if isinstance(body, dict) else {})
    text = json.dumps(body).encode()
    return damaged(chance, text) if chance.random() < 0.2 else text


def damaged(chance: random.Random, text: bytes) -> bytes:
    """Return the text with some bytes changed, as by a bad connection."""
    at = chance.randrange(len(text) + 1)
    junk = bytes(chance.choices(range(256), k=chance.randrange(3)))
    return text[:at] + junk + text[at + chance.randrange(4) :]


def valid_body(world: World, row: str) -> dict[str, Any]:
    """Return the body that the route accepts; links get a fake token, since a real one works only once."""
    return {"token": "x" * 43} if row in LINKS else dict(BODIES[row](world))


LINKS = {"POST auth/verify-email", "POST auth/password/reset", "POST auth/email/confirm", "POST auth/refresh"}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_body_is_a_5xx(part: int) -> None:
    chance, world, client = random.Random(f"{SEED}:{part}"), World(), APIClient(raise_request_exception=False)
    assert world.paid_order.status == "paid"  # created while its product exists
    statuses = set()
    for _ in range(PART):
        row, caller = chance.choice(sorted(BODIES)), chance.choice(CALLERS)
        method, route = row.split(" ", 1)
        body = mutated(chance, valid_body(world, row))
        world.refresh()
        url, headers = world.path(API + route), HEADERS[caller](world)
        response = client.generic(method, url, body, "application/json", headers=headers)
        assert response.status_code < 500, (row, caller, body, response.content)
        assert response.status_code == 204 or response["Content-Type"] == "application/json", (row, body)
        statuses.add(response.status_code)
    assert statuses >= {200, 400, 401}, "the bodies did not get past authentication"
    call_command("fsck")
