from decimal import Decimal

import pytest

from catalog.models import StockMovement
from catalog.services import delete_product, update_product
from ecommerce.core.db.status import transition
from orders.models import TRANSITIONS, Order
from payments import provider_sync
from payments.gateways.base import ProviderState, State
from payments.models import Payment, Refund
from payments.settlement import settle
from payments.start import start_payment
from tests import factories
from tests.payments.helpers import assert_money_adds_up, pay, reconcile, status, stock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("correct")]


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


@pytest.fixture
def payment(stripe, order):
    return start_payment(order)[0]


def refresh(payment):
    return provider_sync.refresh(Payment.objects.get(pk=payment.pk))


@pytest.fixture
def correct(stripe, fsck):
    """After every test: the shop agrees with the provider's ledger and with itself."""
    yield
    assert_money_adds_up(stripe)
    fsck()


def given_back(payment, reason):
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


def test_money_pays_the_order_and_sells_what_was_held(stripe, product, order, payment):
    pay(stripe, payment)
    assert refresh(payment).status == "captured"
    assert (status(order), stock(product)) == ("paid", (7, 0))
    moved = StockMovement.objects.filter(order=order.pk).values_list("reason", "quantity")
    assert sorted(moved) == [("hold", -3), ("release", 3), ("sale", -3)]


def test_the_same_news_twice_changes_nothing(stripe, product, order, payment):
    pay(stripe, payment)
    first = refresh(payment)
    state = ProviderState(State.PAID, first.received, first.received_currency, first.charge)
    for news in (state, ProviderState(State.CLOSED), ProviderState(State.OPEN), ProviderState(State.REFUSED)):
        settle(payment, state=news)
    assert (status(payment), status(order), stock(product)) == ("captured", "paid", (7, 0))


def test_an_open_session_changes_nothing(stripe, product, order, payment):
    assert refresh(payment).status == "initiated"
    assert (status(order), stock(product)) == ("pending", (7, 3))


def test_a_closed_one_frees_the_stock_and_leaves_the_order_to_be_paid_again(stripe, product, order, payment):
    stripe.change(stripe.session_of(payment.pk)["id"], status="expired")
    assert refresh(payment).status == "canceled"
    assert (status(order), stock(product)) == ("pending", (10, 0))
    again, created = start_payment(order)
    assert created
    pay(stripe, again)
    assert refresh(again).status == "captured"


@pytest.mark.parametrize("amount", [1, 23996, 23998, 10_000_000])
def test_another_amount_goes_back(stripe, product, order, payment, amount):
    pay(stripe, payment, amount=amount)
    assert refresh(payment).received == Decimal(amount) / 100
    assert (status(order), stock(product)) == ("pending", (10, 0))
    given_back(payment, "The amount or currency differs from the order's.")


def test_another_currency_goes_back(stripe, order, payment):
    pay(stripe, payment, currency="eur")
    assert refresh(payment).received_currency == "eur"
    assert status(order) == "pending"
    given_back(payment, "The amount or currency differs from the order's.")


@pytest.mark.parametrize("final", ["canceled", "failed"])
def test_money_for_a_final_order_goes_back(stripe, product, order, payment, final):
    pay(stripe, payment)
    transition(Order.objects.filter(pk=order.pk), final, TRANSITIONS)
    refresh(payment)
    assert (status(order), stock(product)) == (final, (10, 0))
    given_back(payment, f"The order was already {final}.")


class TestLateSuccess:
    """The provider had said that the session was closed, and then that it was paid after all."""

    @pytest.fixture
    def payment(self, stripe, payment):
        settle(payment, state=ProviderState(State.CLOSED))
        pay(stripe, payment)
        return payment

    def test_with_the_stock_still_there_the_order_is_paid(self, product, order, payment):
        assert refresh(payment).status == "captured"
        assert (status(order), stock(product)) == ("paid", (7, 0))

    def test_with_the_stock_gone_it_goes_back(self, product, order, payment):
        update_product(pk=product.pk, inventory=2)
        refresh(payment)
        assert (status(order), stock(product)) == ("pending", (2, 0))
        given_back(payment, f"Insufficient inventory for product {product.name}")

    def test_after_another_payment_paid_it_goes_back(self, stripe, product, order, payment):
        second, _ = start_payment(order)
        pay(stripe, second)
        refresh(second)
        refresh(payment)
        assert (status(second), stock(product)) == ("captured", (7, 0))
        given_back(payment, "The order was already paid.")

    def test_before_another_payment_is_done_it_pays_and_that_one_is_closed(
        self, stripe, product, order, payment
    ):
        second, _ = start_payment(order)
        refresh(payment)
        assert (status(order), stock(product)) == ("paid", (4, 3))
        reconcile()
        assert (status(second), stock(product)) == ("canceled", (7, 0))
        assert stripe.session_of(second.pk)["status"] == "expired"


class TestProductsThatWentAway:
    def test_what_was_held_is_sold_though_hidden(self, stripe, product, order, payment):
        update_product(pk=product.pk, is_active=False)
        pay(stripe, payment)
        assert refresh(payment).status == "captured"

    def test_for_a_deleted_one_the_money_goes_back(self, stripe, customer, product):
        other = factories.product(inventory=5)
        order = factories.order(customer, (product, 1), (other, 2))
        payment, _ = start_payment(order)
        delete_product(pk=other.pk)
        pay(stripe, payment)
        refresh(payment)
        assert (status(order), stock(product)) == ("pending", (10, 0))
        given_back(payment, f"Insufficient inventory for product {other.name}")

    def test_a_hold_on_a_deleted_one_can_be_released(self, stripe, product, payment):
        delete_product(pk=product.pk)
        settle(payment, state=ProviderState(State.CLOSED))
        assert status(payment) == "canceled"


def test_another_sessions_reference_is_refused(stripe, customer, product, order, payment):
    other, _ = start_payment(factories.order(customer, (product, 1)))
    pay(stripe, other)
    Payment.objects.filter(pk=payment.pk).update(reference=other.reference)
    reconcile()
    assert (status(payment), status(order), status(other)) == ("initiated", "pending", "captured")
