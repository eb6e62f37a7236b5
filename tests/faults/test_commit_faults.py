"""The driver fails while an order is paid. It is paid once, and the connection can be used again.

All kinds of faults, without an order, are in `tests/test_run_tx.py`.
"""

import pytest

from catalog.models import StockMovement
from ecommerce.core.db import connection, run_tx
from payments import services
from tests.payments.shop import status, stock
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
    paid_once(kind, faults, order, product)
    fsck()


@pytest.mark.control("naive code breaks it")
@pytest.mark.parametrize("kind", KINDS)
def test_the_backends_own_transaction_fails(kind, faults, order, product, monkeypatch):
    monkeypatch.setattr(services, "run_tx", in_the_backends_own)
    try:
        with pytest.raises(AssertionError):
            paid_once(kind, faults, order, product)
    finally:
        faults.planned.clear()
        repair_connection()


@pytest.mark.control("naive code keeps it without faults")
def test_the_backends_own_transaction_works_without_faults(order, product, monkeypatch, fsck):
    monkeypatch.setattr(services, "run_tx", in_the_backends_own)
    assert answer_of(order) == "paid"
    assert (status(order), stock(product)) == ("paid", (7, 0))
    fsck()


def paid_once(kind, faults, order, product):
    command, error, times, answered = FAULTS[kind]
    faults.plan(command, error, times, answered=answered)
    assert answer_of(order) == "paid"
    assert (status(order), stock(product)) == ("paid", (7, 0))
    assert StockMovement.objects.filter(order=order.pk, reason="sale").count() == 1
    assert connection.session is None
    with pytest.raises(ZeroDivisionError):
        run_tx(lambda: (count_up(), 1 / 0))
    assert value() == 0


def answer_of(order):
    """Return the status that the customer is told, or the error."""
    try:
        return services.confirm(user=order.user, order_id=str(order.pk), outcome="success").status
    except Exception as error:  # noqa: BLE001
        return repr(error)


def in_the_backends_own(fn):
    from django_mongodb_backend.transaction import atomic  # noqa: TID251  # the import that the lint forbids

    with atomic():
        return fn()


def repair_connection():
    if connection.session is not None:
        connection.session.end_session()
    connection.session, connection.in_atomic_block_mongo, connection.run_on_commit = None, False, []
