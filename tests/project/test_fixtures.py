"""Every test begins with empty data, and no test touches a real database."""

import pytest
from django.conf import settings
from django.core.cache import caches
from django_redis import get_redis_connection

from accounts.models import User
from catalog.models import Product
from ecommerce.core.db import collection, connection, run_tx
from ecommerce.core.web import ratelimit
from ecommerce.core.web.ratelimit import Allowance, Rate
from tests.support import factories


def test_the_database_is_a_test_database():
    assert settings.DATABASES["default"]["NAME"].startswith("test_")


def test_the_redis_database_is_for_tests_only():
    assert get_redis_connection().connection_pool.connection_kwargs["db"] == 15


@pytest.mark.parametrize(
    "use",
    [
        Product.objects.count,
        lambda: Product.objects.create(product_id=1, name="x", slug="x", price=1),
        lambda: collection(Product).find_one(),
        lambda: connection.database["products"],
        lambda: run_tx(lambda: Product.objects.update(name="x")),
    ],
    ids=["read", "write", "raw read", "database", "transaction"],
)
def test_a_test_without_the_mark_cannot_use_the_database(use):
    with pytest.raises((pytest.fail.Exception, RuntimeError), match="django_db"):
        use()


@pytest.mark.django_db
@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_begins_with_an_empty_database(turn):
    assert not User.objects.exists()
    assert not Product.objects.exists()
    factories.user("same@example.com")
    factories.product(slug="same")


@pytest.mark.django_db
@pytest.mark.parametrize("turn", ["first", "second"])
def test_writes_that_bypass_the_orm_are_removed_too(turn):
    for name in ("products", "locks", "made_by_a_test"):
        assert connection.database[name].find_one() is None
        connection.database[name].insert_one({"x": 1})
    connection.database["products"].find_one_and_update({}, {"$set": {"y": 1}})
    run_tx(lambda: collection(User).insert_one({"email": "raw@example.com"}))


@pytest.mark.django_db
def test_rows_written_by_migrations_stay():
    assert connection.database["django_migrations"].count_documents({})
    assert connection.database["auth_permission"].count_documents({})


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_begins_with_an_empty_redis(turn):
    assert get_redis_connection().dbsize() == 0
    assert ratelimit.in_process.count(Allowance("left", Rate.parse("9/d"))) == (1, 86400)
    caches["default"].set("left", 1)
