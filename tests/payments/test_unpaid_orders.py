"""Orders that were never paid are deleted after 90 days; one with money, or with open money, never is."""

import pytest

from catalog.models import StockMovement
from orders.models import Order
from payments.models import Payment, PaymentStart
from payments.services import confirm
from payments.start import start_payment
from payments.tasks import delete_unpaid_orders
from tests.support import factories
from tests.support.old_rows import make_old, remaining

pytestmark = pytest.mark.django_db


@pytest.fixture
def unpaid(stripe, customer, product):
    """A canceled order with a payment that held its stock."""
    order = factories.order(customer, (product, 2))
    start_payment(order, key="once")
    confirm(order, outcome="canceled", by=customer)
    return order


def test_an_old_order_that_was_never_paid_is_deleted_with_its_payment_and_holds(unpaid, fsck):
    delete_unpaid_orders()
    assert remaining(Order) == {unpaid.pk}
    make_old(Order, "created_at")
    delete_unpaid_orders()
    assert remaining(Order) == {unpaid.pk}  # its payment is young
    make_old(Payment, "created_at")
    delete_unpaid_orders()
    assert not any(remaining(model) for model in (Order, Payment, PaymentStart))
    assert not StockMovement.objects.filter(order=unpaid.pk).exists()
    fsck()


def test_a_paid_order_is_never_deleted(customer, product, fsck):
    order = factories.order(customer, (product, 1))
    confirm(order, outcome="success", by=customer)
    make_old(Order, "created_at")
    delete_unpaid_orders()
    assert remaining(Order) == {order.pk}
    fsck()


@pytest.mark.parametrize(
    "status", [Payment.Status.REFUND_DUE, Payment.Status.REFUNDED, Payment.Status.INITIATED]
)
def test_a_canceled_order_that_money_arrived_for_is_never_deleted(unpaid, status):
    Payment.objects.filter(order=unpaid).update(status=status)
    make_old(Order, "created_at")
    make_old(Payment, "created_at")
    delete_unpaid_orders()
    assert (remaining(Order), Payment.objects.count()) == ({unpaid.pk}, 1)
