"""`prepare`: it makes an empty database ready, and is safe to run at every start."""

import io

import pytest
from django.core.management import CommandError, call_command
from pymongo.synchronous.pool import Connection

from accounts.models import User
from catalog.categories import list_categories
from catalog.models import Product, StockMovement
from catalog.services import delete_product
from ecommerce.core.db import connection
from ecommerce.management.commands import prepare as command
from tests.support import factories

pytestmark = pytest.mark.django_db


def prepare():
    out = io.StringIO()
    call_command("prepare", stdout=out)
    return out.getvalue()


def test_an_admin_and_twenty_samples_are_created(api, settings, fsck):
    output = prepare()
    assert "Created the admin admin@example.com" in output
    assert "Created 20 sample products" in output
    login = {"email": settings.DEFAULT_ADMIN_EMAIL, "password": settings.DEFAULT_ADMIN_PASSWORD}
    assert api.post("/api/v1/auth/login", login).status_code == 200
    assert User.objects.get().is_superuser
    assert Product.objects.count() == StockMovement.objects.count() == 20
    assert set(Product.objects.values_list("category", flat=True)) == {
        "Electronics",
        "Fashion",
        "Home & Living",
        "Sports & Fitness",
    }
    assert all(len(category["description"]) > 80 for category in list_categories())
    assert api.get("/api/v1/products?limit=100")["X-Total-Count"] == "20"
    fsck()


def test_a_second_run_changes_nothing(fsck):
    prepare()
    User.objects.get().set_password("changed since")
    tables = ("users", "products", "stock_movements", "counters", "categories", "django_migrations")
    before = {name: list(connection.database[name].find()) for name in tables}
    output = prepare()
    assert "Created" not in output
    assert {name: list(connection.database[name].find()) for name in tables} == before
    fsck()


def test_samples_are_created_only_in_a_database_that_never_had_a_product(fsck):
    delete_product(pk=factories.product().pk)
    assert "sample" not in prepare()
    assert not Product.objects.exists()
    fsck()


def test_a_user_with_the_admins_email_is_left_alone():
    factories.user("admin@example.com")
    assert "admin@" not in prepare()
    assert not User.objects.get().is_superuser


@pytest.mark.parametrize(
    ("setting", "model"), [("CREATE_DEFAULT_ADMIN", User), ("SEED_SAMPLE_PRODUCTS", Product)]
)
def test_each_seed_can_be_switched_off(settings, setting, model):
    setattr(settings, setting, False)
    prepare()
    assert not model.objects.exists()


def test_the_lock_is_released():
    prepare()
    assert connection.database["locks"].find_one() is None


def change_hello_answer(monkeypatch, **hello):
    """Make the server answer `hello` with these fields and without `setName`."""
    send = Connection.command

    def command(self, dbname, spec, *args, **kwargs):
        answer = send(self, dbname, spec, *args, **kwargs)
        if "hello" in spec:
            answer = {name: value for name, value in answer.items() if name != "setName"} | hello
        return answer

    monkeypatch.setattr(Connection, "command", command)


def test_a_standalone_mongodb_is_refused_with_advice(monkeypatch):
    change_hello_answer(monkeypatch)
    with pytest.raises(CommandError) as error:
        prepare()
    assert "standalone" in str(error.value)
    assert "--replSet rs0" in str(error.value)
    assert "rs.initiate()" in str(error.value)
    assert not User.objects.exists()


def test_a_sharded_cluster_is_accepted(monkeypatch):
    change_hello_answer(monkeypatch, msg="isdbgrid")
    assert "Created the admin" in prepare()


def test_an_unreachable_mongodb_is_waited_for_and_then_named(monkeypatch, mongodb_away):
    monkeypatch.setattr(command, "WAIT_S", 0.2)
    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    out = io.StringIO()
    with pytest.raises(CommandError, match="MongoDB did not answer"):
        call_command("prepare", stdout=out)
    assert "Waiting for MongoDB" in out.getvalue()
