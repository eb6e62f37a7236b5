"""Every route, by every method, for everybody who may knock: as the tables in access/ say, and not otherwise.

A route without a row fails. `MATRIX=print make test ARGS=tests/security/test_matrix.py` writes the tables as
they are found: read each new cell.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product

import pytest
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

from tests import conftest
from tests.security import matrix, routes
from tests.security.bodies import BODIES, FORMS, QUERIES
from tests.security.world import BROWSERS, HEADERS, OFFICES, World, cell
from tests.site.test_admin import office, rows  # noqa: F401  # fixtures

pytestmark = pytest.mark.django_db
TABLES = {name: matrix.table(name) for name in ("api", "pages", "admin")}
REFUSALS = {"401", "403", "404", "405", "login"}
NO_BROWSER_SENDS = ("PUT", "PATCH", "DELETE", "OPTIONS", "BREW")
JSON = "application/json"
Send = Callable[[], HttpResponse]
Browsers = dict[str, Callable[[World], Client]]


@contextmanager
def watched() -> Iterator[set[str]]:
    """The collections that are written meanwhile; sessions and keys keep books of their use."""
    before, found = set(conftest.written.names), set[str]()
    conftest.written.names.clear()
    yield found
    found |= conftest.written.names - {"sessions", "service_keys"}
    conftest.written.names |= before


def answer(row: str, column: str, send: Send) -> str:
    """A cell. Whoever is refused has changed nothing."""
    with watched() as changed:
        found = cell(send())
    assert found not in REFUSALS or not changed, (row, column, changed)
    return found


def api_row(world: World, row: str) -> Iterator[tuple[str, str]]:
    client = APIClient(raise_request_exception=False)
    method, route = row.split(" ", 1)
    for column, headers_of in HEADERS.items():
        world.refresh()
        url = world.path(routes.API + route) + (QUERIES[row](world) if row in QUERIES else "")
        body = json.dumps(BODIES[row](world)) if row in BODIES else ""
        headers = headers_of(world)
        yield column, answer(row, column, partial(client.generic, method, url, body, JSON, headers=headers))


def page_row(world: World, row: str, browsers: Browsers) -> Iterator[tuple[str, str]]:
    method, route = row.split(" ", 1)
    url = world.path(route)
    for column, browser_of in browsers.items():
        world.refresh()
        data = FORMS[row](world) if row in FORMS else {}
        send = getattr(browser_of(world), method.lower())
        yield column, answer(row, column, partial(send, url, data))


def once(browsers: Browsers, world: World) -> Browsers:
    """Signed in once for many rows that only look."""
    ready = {name: browser_of(world) for name, browser_of in browsers.items()}
    return {name: lambda _, client=client: client for name, client in ready.items()}


def same(table: str, found: dict[str, matrix.Row]) -> None:
    if os.environ.get("MATRIX") == "print":
        matrix.note(table, found)
    assert found == {row: TABLES[table].get(row) for row in found}


def reads(found: list[str]) -> list[str]:
    return [row for row in found if row.startswith("GET ")]


def writes(found: list[str]) -> list[str]:
    return [row for row in found if not row.startswith("GET ")]


@pytest.mark.parametrize(
    ("table", "routed"),
    [("api", routes.api_rows()), ("pages", routes.page_rows()), ("admin", routes.admin_rows())],
    ids=["api", "pages", "admin"],
)
def test_every_route_and_method_has_a_row_and_every_row_a_route(table, routed):
    assert set(routed) - set(TABLES[table]) == set(), "without a row"
    assert set(TABLES[table]) - set(routed) == set(), "without a route"


@pytest.mark.parametrize("row", writes(routes.api_rows()))
def test_a_change_by_the_api_is_for_whom_its_table_says(row):
    same("api", {row: dict(api_row(World(), row))})


def test_the_api_shows_to_everybody_what_its_table_says():
    world = World()
    same("api", {row: dict(api_row(world, row)) for row in reads(routes.api_rows())})


@pytest.mark.parametrize("row", writes(routes.page_rows()))
def test_a_form_is_taken_from_whom_its_table_says(row):
    same("pages", {row: dict(page_row(World(), row, BROWSERS))})


def test_the_pages_show_to_everybody_what_their_table_says():
    world = World()
    browsers = once(BROWSERS, world)
    same("pages", {row: dict(page_row(world, row, browsers)) for row in reads(routes.page_rows())})


def test_the_back_office_answers_everybody_as_its_table_says(rows):  # noqa: F811
    """Its forms are sent empty: who may not change a thing is refused before they are read."""
    world = World(rows)
    browsers = once(OFFICES, world)
    signing_out = {"POST /admin/logout/": dict(page_row(world, "POST /admin/logout/", OFFICES))}
    others = [row for row in routes.admin_rows() if row not in signing_out]
    same("admin", {row: dict(page_row(world, row, browsers)) for row in others} | signing_out)


def test_no_page_minds_a_method_that_no_browser_sends():
    """No 5xx, and nothing is written."""
    world = World()
    client = BROWSERS["admin"](world)
    for row, method in product(reads(routes.page_rows()), NO_BROWSER_SENDS):
        with watched() as changed:
            response = client.generic(method, world.path(row.removeprefix("GET ")), "x=1")
        assert (response.status_code < 500, changed) == (True, set()), (method, row)


def test_no_form_is_taken_from_another_site(rows):  # noqa: F811
    """A browser sends its cookies with it, but the other site does not know the page's secret."""
    world = World(rows)
    client = BROWSERS["admin"](world)
    client.handler.enforce_csrf_checks = True
    for row in writes([*routes.page_rows(), *routes.admin_rows()]):
        with watched() as changed:
            response = client.post(world.path(row.removeprefix("POST ")), {"x": "1"})
        assert response.status_code in (403, 404, 405), row
        assert not changed, row
