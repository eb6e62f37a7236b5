"""Fixtures for all tests: real servers, an emptied database and Redis for each test, API clients."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from django.core.cache import caches
from django.core.management import call_command
from django.test import TransactionTestCase
from django.utils import timezone
from django_mongodb_backend.base import DatabaseWrapper
from pymongo import monitoring
from rest_framework.test import APIClient

from accounts.models import User
from accounts.service_keys.services import make_key
from accounts.sessions.tokens import access_token
from catalog.models import Product
from ecommerce.core.cache import read_through as cache
from ecommerce.core.db import connection
from tests.support import factories

# Migrations write these; everything else is emptied after each test.
KEPT_COLLECTIONS = {
    *("django_migrations", "django_content_type"),
    *("auth_permission", "auth_group", "auth_group_permissions"),
}


class Written(monitoring.CommandListener):
    """Which collections this process has written to; tests with other processes have their own database."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.sent: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(f"{event.command_name} {event.command[event.command_name]}")
        if event.command_name in ("insert", "update", "delete", "findAndModify"):
            self.names.add(event.command[event.command_name])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


written = Written()
monitoring.register(written)  # before there is any client


def empty_database(*_: Any, **__: Any) -> None:
    """In place of Django's flush, which costs 0.3 s a test on MongoDB."""
    database = connection.database
    assert database.name.startswith("test_"), database.name
    for name in written.names - KEPT_COLLECTIONS:
        database[name].delete_many({})
    written.names.clear()
    written.sent.clear()


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
def _empty_redis() -> None:
    """Each test begins with an empty Redis and a process that has not seen it fail."""
    while cache._to_stamp:  # a thread of the test before, which ends within half a second
        sleep(0.05)
    django_cache.clear()  # flushes the tests' own Redis database, number 15
    caches["in_process"].clear()  # what the rate limit counts where Redis is away
    cache._trusted.clear()
    cache._away_until = 0.0


@pytest.fixture
def fsck(db: None) -> Callable[[], None]:
    """Ends a test of money or stock: every invariant holds, or the test fails."""
    return lambda: call_command("fsck")


@pytest.fixture
def sent(db: None) -> Callable[[Callable[[], object]], list[str]]:
    """What a call sends to MongoDB, such as `find products`."""

    def commands(call: Callable[[], object]) -> list[str]:
        written.sent.clear()
        call()
        return list(written.sent)

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


def key_api(*scopes: str, by: User) -> APIClient:
    """A program's client, with a service key of these scopes."""
    expires_at = timezone.now() + timedelta(days=30)
    _key, text = make_key(name="Warehouse", scopes=scopes, expires_at=expires_at, by=by)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return client


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user)}")
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
