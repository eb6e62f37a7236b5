"""Fixtures for all tests: real servers, an emptied database and Redis for each test, API clients."""

from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from django.core.management import call_command
from django.test import TransactionTestCase
from django_mongodb_backend.base import DatabaseWrapper
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Product
from ecommerce.core import redis
from ecommerce.core.cache import stamps
from ecommerce.core.db import connection
from ecommerce.core.web import ratelimit
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.database import empty_database, log

TransactionTestCase._fixture_teardown = empty_database


@pytest.fixture(autouse=True)
def _database_only_with_the_mark(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-django guards `ensure_connection`, which this backend passes by once it is connected."""
    fixtures = {"db", "transactional_db"} & set(request.fixturenames)
    if fixtures or request.node.get_closest_marker("django_db"):
        return

    def refuse(*_: Any) -> None:
        pytest.fail("This test uses the database: mark it with django_db.")

    # A property with a setter comes before the attribute that a connected instance keeps.
    monkeypatch.setattr(DatabaseWrapper, "database", property(refuse, refuse))


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """Several processes of tests need no names of their own: each has a MongoDB."""


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
    """Ends a test of money or stock: every invariant holds, or the test fails."""
    return lambda: call_command("fsck")


@pytest.fixture
def sent(db: None) -> Callable[[Callable[[], object]], list[str]]:
    """What a call sends to MongoDB, such as `find products`."""

    def commands(call: Callable[[], object]) -> list[str]:
        log.sent.clear()
        call()
        return list(log.sent)

    return commands


@pytest.fixture
def mongodb_away(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The shop's connection leads to where nobody listens."""
    monkeypatch.setattr("ecommerce.core.db.transactions.FUNCTION_DEADLINE_S", 0.1)
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)  # it waits this long at least
    database, client = connection.database, connection.connection
    with type(client)("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=50) as nobody:
        connection.connection, connection.database = nobody, nobody[database.name]
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
    """Nobody's client of the API."""
    return APIClient()


@pytest.fixture
def customer_api(customer: User) -> APIClient:
    return api_of(customer)


@pytest.fixture
def stranger_api(stranger: User) -> APIClient:
    return api_of(stranger)


@pytest.fixture
def staff_api(staff: User) -> APIClient:
    return api_of(staff)
