"""Fixtures for all tests: an empty database and empty caches for each test, users, API clients."""

from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
import pytest_django
from django.core.cache import cache as django_cache
from django.core.management import call_command
from django.test import Client, TransactionTestCase
from django_mongodb_backend.base import DatabaseWrapper
from redis.connection import AbstractConnection
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Product
from ecommerce.core import redis
from ecommerce.core.cache import stamps
from ecommerce.core.db import connection
from ecommerce.core.web import ratelimit
from tests.servers import KEEP
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.database import empty_database, log
from tests.support.production import load  # noqa: F401  # a fixture

TransactionTestCase._fixture_teardown = empty_database


@pytest.fixture(autouse=True)
def _database_only_with_the_mark(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse the database to tests without the mark.

    pytest-django guards `ensure_connection`, which this backend does not call once it is connected.
    """
    fixtures = {"db", "transactional_db"} & set(request.fixturenames)
    if fixtures or request.node.get_closest_marker("django_db"):
        return

    def refuse(*_: Any) -> None:
        pytest.fail("This test uses the database: mark it with django_db.")

    # A property with a setter takes precedence over the attribute of a connected instance.
    monkeypatch.setattr(DatabaseWrapper, "database", property(refuse, refuse))


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """Use one name for the database in all processes: each process has a MongoDB of its own."""


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Keep the database with the servers."""
    return KEEP or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Begin with an empty database, also where one was kept and a run was killed."""
    if KEEP:
        with django_db_blocker.unblock():
            log.written.update(connection.database.list_collection_names())
            empty_database()


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    """Each test begins with empty caches."""
    empty_caches()


def empty_caches() -> None:
    """Empty Redis and forget what this process knows of it, for example that it was away."""
    while stamps._waiting:  # a thread of the previous test, which ends within half a second
        sleep(0.05)
    django_cache.clear()  # flushes the tests' own Redis database, number 15
    ratelimit.in_process.clear()
    stamps._trusted.clear()
    redis._open_until = 0.0


@pytest.fixture
def fsck(db: None) -> Callable[[], None]:
    """A check that every invariant holds; tests of money and stock end with it."""
    return lambda: call_command("fsck")


@pytest.fixture
def sent(db: None) -> Callable[[Callable[[], object]], list[str]]:
    """A function that returns the commands that a call sends to MongoDB, such as `find products`."""

    def commands(call: Callable[[], object]) -> list[str]:
        log.sent.clear()
        call()
        return list(log.sent)

    return commands


@pytest.fixture
def to_redis(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The packets that the test sends to Redis, one for each round trip."""
    packets: list[bytes] = []
    send = AbstractConnection.send_packed_command

    def spy(self: AbstractConnection, command: bytes | list[bytes], check_health: bool = True) -> None:
        packets.append(b"".join(command) if isinstance(command, list) else command)
        send(self, command, check_health)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", spy)
    return packets


@pytest.fixture
def mongodb_away(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An outage: the shop's connection leads to a port where no server listens."""
    monkeypatch.setattr("ecommerce.core.db.transactions.FUNCTION_DEADLINE_S", 0.1)
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)  # the shortest wait between two tries
    database, client = connection.database, connection.connection
    with type(client)("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=50) as disconnected:
        connection.connection, connection.database = disconnected, disconnected[database.name]
        yield
        connection.connection, connection.database = client, database


@pytest.fixture
def customer(db: None) -> User:
    return factories.user("customer@example.com")


@pytest.fixture
def stranger(db: None) -> User:
    return factories.user("stranger@example.com")


@pytest.fixture
def staff(db: None) -> User:
    return factories.user("staff@example.com", role=User.Role.ADMIN)


@pytest.fixture
def support(db: None) -> User:
    return factories.user("support@example.com", role=User.Role.SUPPORT)


@pytest.fixture
def manager(db: None) -> User:
    return factories.user("manager@example.com", role=User.Role.MANAGER)


@pytest.fixture
def product(db: None) -> Product:
    return factories.product()


@pytest.fixture
def api() -> APIClient:
    """An anonymous client of the API."""
    return APIClient()


@pytest.fixture
def shopper(customer: User) -> Client:
    """A browser in which the customer is signed in."""
    client = Client()
    client.force_login(customer)
    return client


@pytest.fixture
def customer_api(customer: User) -> APIClient:
    return api_of(customer)


@pytest.fixture
def stranger_api(stranger: User) -> APIClient:
    return api_of(stranger)


@pytest.fixture
def staff_api(staff: User) -> APIClient:
    return api_of(staff)
