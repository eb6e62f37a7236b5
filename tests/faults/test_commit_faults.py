"""Faults of the database driver while an order is paid.

The order is paid once, the response says so, and the connection can be used again. `tests/test_run_tx.py`
tests all kinds of faults without an order.
"""

import pytest

from catalog.models import StockMovement
from ecommerce.core.db import connection, run_tx
from payments import services
from tests.payments.helpers import status, stock
from tests.support import factories
from tests.test_run_tx import FAULTS, count_up, faults, value

__all__ = ["faults"]  # a fixture
pytestmark = [pytest.mark.django_db, pytest.mark.proof("faults at the commit")]
KINDS = [
    "a conflict, twice",
    "not the primary at the commit",
    "an unknown commit, three times",
    "closed after the commit",
    "no majority in time",
]


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_is_paid_once(kind, faults, order, product, fsck):
    assert_paid_once(kind, faults, order, product)
    fsck()


@pytest.mark.control("naive code breaks it")
@pytest.mark.parametrize("kind", KINDS)
def test_the_transaction_of_the_backend_fails(kind, faults, order, product, monkeypatch):
    monkeypatch.setattr(services, "run_tx", backend_transaction)
    try:
        with pytest.raises(AssertionError):
            assert_paid_once(kind, faults, order, product)
    finally:
        faults.planned.clear()
        reset_connection()


@pytest.mark.control("naive code keeps it without faults")
def test_the_transaction_of_the_backend_works_without_faults(order, product, monkeypatch, fsck):
    monkeypatch.setattr(services, "run_tx", backend_transaction)
    assert confirmed_status(order) == "paid"
    assert (status(order), stock(product)) == ("paid", (7, 0))
    fsck()


def assert_paid_once(kind, faults, order, product):
    """Confirm the order during a fault, and check that it is paid once and the connection still works."""
    command, error, times, answered = FAULTS[kind]
    faults.plan(command, error, times, answered=answered)
    assert confirmed_status(order) == "paid"
    assert (status(order), stock(product)) == ("paid", (7, 0))
    assert StockMovement.objects.filter(order=order.pk, reason="sale").count() == 1
    assert connection.session is None
    with pytest.raises(ZeroDivisionError):
        run_tx(lambda: (count_up(), 1 / 0))
    assert value() == 0


def confirmed_status(order):
    """Return the status in the response to the customer, or the error."""
    try:
        return services.confirm(order, outcome="success", by=order.user).status
    except Exception as error:  # noqa: BLE001
        return repr(error)


def backend_transaction(fn):
    """Run a function in the transaction of the database backend."""
    from django_mongodb_backend.transaction import atomic  # noqa: TID251  # the lint forbids it

    with atomic():
        return fn()


def reset_connection():
    if connection.session is not None:
        connection.session.end_session()
    connection.session, connection.in_atomic_block_mongo, connection.run_on_commit = None, False, []
