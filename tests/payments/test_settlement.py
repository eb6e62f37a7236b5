from decimal import Decimal

import pytest

from catalog.models import StockMovement
from catalog.services import delete_product, update_product
from ecommerce.core.db.status_transitions import transition
from orders.models import TRANSITIONS, Order
from payments import provider_sync
from payments.gateways.base import ProviderState, State
from payments.models import Payment, Refund
from payments.settlement import settle
from payments.start import start_payment
from tests.payments.helpers import assert_money_adds_up, pay, reconcile, status, stock
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("correct")]


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


def refresh(payment):
    return provider_sync.refresh(Payment.objects.get(pk=payment.pk))


@pytest.fixture
def correct(stripe, fsck):
    """Check after every test that the shop agrees with the provider's ledger and with itself."""
    yield
    assert_money_adds_up(stripe)
    fsck()


def assert_refunded(payment, reason):
    """Check that the payment is to be refunded for this reason, and that the reconciler refunds it."""
    payment.refresh_from_db()
    refund = Refund.objects.get(payment=payment.pk)
    assert (payment.status, payment.paid_order, payment.reason) == ("refund_due", False, reason)
    assert (refund.status, refund.amount, refund.currency) == (
        "due",
        payment.received,
        payment.received_currency,
    )
    reconcile()
    assert (status(payment), status(refund)) == ("refunded", "refunded")


def test_a_payment_makes_the_order_paid_and_sells_the_held_stock(stripe, product, order, payment):
    pay(stripe, payment)
    assert refresh(payment).status == "captured"
    assert (status(order), stock(product)) == ("paid", (7, 0))
    moved = StockMovement.objects.filter(order=order.pk).values_list("reason", "quantity")
    assert sorted(moved) == [("hold", -3), ("release", 3), ("sale", -3)]


def test_settling_again_changes_nothing(stripe, product, order, payment):
    pay(stripe, payment)
    first = refresh(payment)
    state = ProviderState(State.PAID, first.received, first.received_currency, first.charge)
    others = [ProviderState(status) for status in (State.CLOSED, State.OPEN, State.REFUSED)]
    for repeated in (state, *others):
        settle(payment, state=repeated)
    assert (status(payment), status(order), stock(product)) == ("captured", "paid", (7, 0))


def test_an_open_session_changes_nothing(stripe, product, order, payment):
    assert refresh(payment).status == "initiated"
    assert (status(order), stock(product)) == ("pending", (7, 3))


def test_a_closed_session_releases_the_stock_and_the_order_can_be_paid_again(stripe, product, order, payment):
    stripe.change(stripe.session_of(payment.pk)["id"], status="expired")
    assert refresh(payment).status == "canceled"
    assert (status(order), stock(product)) == ("pending", (10, 0))
    second, created = start_payment(order)
    assert created
    pay(stripe, second)
    assert refresh(second).status == "captured"


@pytest.mark.parametrize("amount", [1, 23996, 23998, 10_000_000])
def test_a_different_amount_is_refunded(stripe, product, order, payment, amount):
    pay(stripe, payment, amount=amount)
    assert refresh(payment).received == Decimal(amount) / 100
    assert (status(order), stock(product)) == ("pending", (10, 0))
    assert_refunded(payment, "The amount or currency differs from the order's.")


def test_a_different_currency_is_refunded(stripe, order, payment):
    pay(stripe, payment, currency="eur")
    assert refresh(payment).received_currency == "eur"
    assert status(order) == "pending"
    assert_refunded(payment, "The amount or currency differs from the order's.")


@pytest.mark.parametrize("final", ["canceled", "failed"])
def test_money_for_a_final_order_is_refunded(stripe, product, order, payment, final):
    pay(stripe, payment)
    transition(Order.objects.filter(pk=order.pk), final, TRANSITIONS)
    refresh(payment)
    assert (status(order), stock(product)) == (final, (10, 0))
    assert_refunded(payment, f"The order was already {final}.")


class TestLateSuccess:
    """The provider reports a session as closed and later as paid."""

    @pytest.fixture
    def payment(self, stripe, payment):
        settle(payment, state=ProviderState(State.CLOSED))
        pay(stripe, payment)
        return payment

    def test_the_order_is_paid_if_the_stock_is_available(self, product, order, payment):
        assert refresh(payment).status == "captured"
        assert (status(order), stock(product)) == ("paid", (7, 0))

    def test_it_is_refunded_if_the_stock_is_gone(self, product, order, payment):
        update_product(pk=product.pk, inventory=2)
        refresh(payment)
        assert (status(order), stock(product)) == ("pending", (2, 0))
        assert_refunded(payment, f"Insufficient inventory for product {product.name}")

    def test_it_is_refunded_if_another_payment_has_paid_the_order(self, stripe, product, order, payment):
        second, _ = start_payment(order)
        pay(stripe, second)
        refresh(second)
        refresh(payment)
        assert (status(second), stock(product)) == ("captured", (7, 0))
        assert_refunded(payment, "The order was already paid.")

    def test_it_pays_the_order_and_an_open_second_payment_is_closed(self, stripe, product, order, payment):
        second, _ = start_payment(order)
        refresh(payment)
        assert (status(order), stock(product)) == ("paid", (4, 3))
        reconcile()
        assert (status(second), stock(product)) == ("canceled", (7, 0))
        assert stripe.session_of(second.pk)["status"] == "expired"


class TestHiddenAndDeletedProducts:
    def test_a_hidden_product_on_hold_is_sold(self, stripe, product, order, payment):
        update_product(pk=product.pk, is_active=False)
        pay(stripe, payment)
        assert refresh(payment).status == "captured"

    def test_the_payment_for_a_deleted_product_is_refunded(self, stripe, customer, product):
        other = factories.product(inventory=5)
        order = factories.order(customer, (product, 1), (other, 2))
        payment, _ = start_payment(order)
        delete_product(pk=other.pk)
        pay(stripe, payment)
        refresh(payment)
        assert (status(order), stock(product)) == ("pending", (10, 0))
        assert_refunded(payment, f"Insufficient inventory for product {other.name}")

    def test_the_hold_on_a_deleted_product_can_be_released(self, stripe, product, payment):
        delete_product(pk=product.pk)
        settle(payment, state=ProviderState(State.CLOSED))
        assert status(payment) == "canceled"


def test_the_session_of_another_payment_is_refused(stripe, customer, product, order, payment):
    other, _ = start_payment(factories.order(customer, (product, 1)))
    pay(stripe, other)
    Payment.objects.filter(pk=payment.pk).update(reference=other.reference)
    reconcile()
    assert (status(payment), status(order), status(other)) == ("initiated", "pending", "captured")
