"""The shop and the naive shop, each served by processes of its own."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.proof import Counted
from tests.races.race import NAIVE, NAIVE_ALONE, SHOP
from tests.races.server import Server
from tests.races.shop import Shop

SETTINGS = {
    SHOP: "tests.races.settings",
    NAIVE: "tests.races.naive.settings",
    NAIVE_ALONE: "tests.races.naive.settings",
}
DatabaseOf = Callable[[str], "Database[dict[str, Any]]"]
ServerOf = Callable[[str], Server]


@pytest.fixture(scope="session")
def database_of() -> Iterator[DatabaseOf]:
    """A function that returns the empty database of a settings module. It is dropped at the end."""
    opened: dict[str, Database[dict[str, Any]]] = {}

    def open_empty(settings: str) -> "Database[dict[str, Any]]":
        if settings not in opened:
            name = import_module(settings).DATABASES["default"]["NAME"]
            assert name.startswith("test_"), name
            client.drop_database(name)
            opened[settings] = client[name]
        return opened[settings]

    with MongoClient[dict[str, Any]](_host(), timeoutMS=120_000) as client:
        yield open_empty
        for database in opened.values():
            client.drop_database(database.name)


@pytest.fixture(scope="session")
def server_of(database_of: DatabaseOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerOf]:
    """A function that returns the server of a settings module, and starts it when it is first needed."""
    started: dict[str, Server] = {}

    def start(settings: str) -> Server:
        if settings not in started:
            database_of(settings)
            started[settings] = Server(settings, tmp_path_factory.mktemp("server"))
        return started[settings]

    yield start
    for server in started.values():
        server.stop()


@pytest.fixture(scope="session")
def shops() -> dict[str, Shop]:
    return {}


@pytest.fixture
def shop(
    way: str, shops: dict[str, Shop], server_of: ServerOf, database_of: DatabaseOf, counted: Counted
) -> Shop:
    settings = SETTINGS[way]
    if settings not in shops:
        shops[settings] = Shop(server_of(settings).port, database_of(settings))
    shops[settings].begin(one_by_one=way == NAIVE_ALONE, proper=way == SHOP, counted=counted)
    return shops[settings]


def _host() -> str:
    return str(import_module("tests.races.settings").DATABASES["default"]["HOST"])
