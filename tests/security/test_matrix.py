"""Every route and method, as every kind of caller: the answers are those in the tables of access/.

A route without a row fails. `MATRIX=print make exhaustive ARGS=tests/security/test_matrix.py` writes the
answers into the tables: read each new cell before you commit it.
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import pytest
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

from tests.security import matrix, routes
from tests.security.bodies import BODIES, FORMS, QUERIES
from tests.security.world import BROWSERS, HEADERS, OFFICES, World, Worlds, cell
from tests.support.database import collections_written
from tests.support.model_rows import one_row_of_every_model

pytestmark = pytest.mark.django_db
TABLES = {name: matrix.table(name) for name in ("api", "pages", "admin")}
REFUSALS = {"401", "403", "404", "405", "login"}
METHODS_NO_BROWSER_SENDS = ("PUT", "PATCH", "DELETE", "OPTIONS", "BREW")
USAGE_RECORDS = {"sessions", "service_keys"}  # note when they were last used, also for refused requests
JSON = "application/json"
Send = Callable[[], HttpResponse]
Browsers = dict[str, Callable[[World], Client]]


def answer(row: str, column: str, send: Send) -> str:
    """Return the cell for the response, and check that a refused request has changed nothing."""
    with collections_written() as written:
        result = cell(send())
    changed = written - USAGE_RECORDS
    assert result not in REFUSALS or not changed, (row, column, changed)
    return result


def api_row(world: World, row: str) -> Iterator[tuple[str, str]]:
    """Yield each column's name and cell for a row of the API."""
    client = APIClient(raise_request_exception=False)
    method, route = row.split(" ", 1)
    for column, headers_of in HEADERS.items():
        world.refresh()
        url = world.path(routes.API + route) + (QUERIES[row](world) if row in QUERIES else "")
        body = json.dumps(BODIES[row](world)) if row in BODIES else ""
        headers = headers_of(world)
        yield column, answer(row, column, partial(client.generic, method, url, body, JSON, headers=headers))


def page_row(world: World, row: str, browsers: Browsers) -> Iterator[tuple[str, str]]:
    """Yield each column's name and cell for a row of the pages or the back office."""
    method, route = row.split(" ", 1)
    url = world.path(route)
    for column, browser_of in browsers.items():
        world.refresh()
        data = FORMS[row](world) if row in FORMS else {}
        send = getattr(browser_of(world), method.lower())
        yield column, answer(row, column, partial(send, url, data))


def signed_in_once(browsers: Browsers, world: World) -> Browsers:
    """Return the browsers signed in already, for many rows that change nothing."""
    ready = {name: browser_of(world) for name, browser_of in browsers.items()}
    return {name: lambda _, client=client: client for name, client in ready.items()}


def compare(table: str, answers: dict[str, matrix.Row]) -> None:
    """Check the answers against the table, or write them into it with `MATRIX=print`."""
    if os.environ.get("MATRIX") == "print":
        matrix.write(table, answers)
    assert answers == {row: TABLES[table].get(row) for row in answers}


def reads(all_rows: list[str]) -> list[str]:
    return [row for row in all_rows if row.startswith("GET ")]


def writes(all_rows: list[str]) -> list[str]:
    return [row for row in all_rows if not row.startswith("GET ")]


@pytest.mark.parametrize(
    ("table", "routed"),
    [("api", routes.api_rows()), ("pages", routes.page_rows()), ("admin", routes.admin_rows())],
    ids=["api", "pages", "admin"],
)
def test_every_route_and_method_has_a_row_and_every_row_a_route(table, routed):
    assert set(routed) - set(TABLES[table]) == set(), "without a row"
    assert set(TABLES[table]) - set(routed) == set(), "without a route"


@pytest.mark.exhaustive
def test_the_api_lets_each_caller_change_what_the_table_says():
    worlds = Worlds()
    compare("api", {row: dict(api_row(worlds.fresh(), row)) for row in writes(routes.api_rows())})


@pytest.mark.exhaustive
def test_the_api_shows_each_caller_what_the_table_says():
    world = World()
    compare("api", {row: dict(api_row(world, row)) for row in reads(routes.api_rows())})


@pytest.mark.exhaustive
def test_the_pages_let_each_caller_change_what_the_table_says():
    worlds = Worlds(browsers=list(BROWSERS))
    browsers = {name: lambda _, name=name: worlds.browser(name) for name in BROWSERS}
    all_rows = writes(routes.page_rows())
    compare("pages", {row: dict(page_row(worlds.fresh(), row, browsers)) for row in all_rows})


@pytest.mark.exhaustive
def test_the_pages_show_each_caller_what_the_table_says():
    world = World()
    browsers = signed_in_once(BROWSERS, world)
    compare("pages", {row: dict(page_row(world, row, browsers)) for row in reads(routes.page_rows())})


@pytest.mark.exhaustive
def test_the_back_office_answers_each_caller_as_the_table_says(staff):
    """Its forms are sent empty: a caller without the permission is refused before the form is read."""
    world = World(one_row_of_every_model(by=staff))
    browsers = signed_in_once(OFFICES, world)
    signing_out = {"POST /admin/logout/": dict(page_row(world, "POST /admin/logout/", OFFICES))}
    others = [row for row in routes.admin_rows() if row not in signing_out]
    compare("admin", {row: dict(page_row(world, row, browsers)) for row in others} | signing_out)


@pytest.mark.exhaustive
def test_pages_survive_methods_that_no_browser_sends():
    """No page answers with a 5xx or writes anything."""
    world = World()
    client = BROWSERS["admin"](world)
    for row, method in product(reads(routes.page_rows()), METHODS_NO_BROWSER_SENDS):
        with collections_written() as written:
            response = client.generic(method, world.path(row.removeprefix("GET ")), "x=1")
        assert (response.status_code < 500, written - USAGE_RECORDS) == (True, set()), (method, row)


@pytest.mark.exhaustive
def test_no_form_is_accepted_from_another_site(staff):
    """The browser sends its cookies along, but the other site does not know the page's secret."""
    world = World(one_row_of_every_model(by=staff))
    client = BROWSERS["admin"](world)
    client.handler.enforce_csrf_checks = True
    for row in writes([*routes.page_rows(), *routes.admin_rows()]):
        with collections_written() as written:
            response = client.post(world.path(row.removeprefix("POST ")), {"x": "1"})
        assert response.status_code in (403, 404, 405), row
        assert not written - USAGE_RECORDS, row
