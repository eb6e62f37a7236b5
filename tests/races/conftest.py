"""The raced shop and the naive one beside it, each served by processes of its own."""

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
    """The empty database of a settings module; it is dropped at the end."""
    opened: dict[str, Database[dict[str, Any]]] = {}

    def open_empty(settings: str) -> "Database[dict[str, Any]]":
        if settings not in opened:
            given = import_module(settings).DATABASES["default"]
            assert given["NAME"].startswith("test_"), given["NAME"]
            client.drop_database(given["NAME"])
            opened[settings] = client[given["NAME"]]
        return opened[settings]

    with MongoClient[dict[str, Any]](_host(), timeoutMS=120_000) as client:
        yield open_empty
        for database in opened.values():
            client.drop_database(database.name)


@pytest.fixture(scope="session")
def server_of(database_of: DatabaseOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerOf]:
    """The server of a settings module, started when a test first asks for it."""
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
