"""How much stock one buyer or one network may hold, for how long, and how many payments they may open."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, BrokenBarrierError

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from cart.models import Guest
from catalog.models import Product
from catalog.services import update_product
from ecommerce.core.web.http import caller_ip
from orders.models import Order
from orders.order_contact import Contact
from orders.services import cancel_unpaid
from payments import open_payments, reconciliation, start
from payments.models import Payer, Payment
from payments.services import cancel
from payments.start import start_payment
from tests.payments.helpers import expire, pay, reconcile, status, stock
from tests.payments.helpers import start as start_over_the_api
from tests.payments.stripe_standin import Standin
from tests.support import factories
from tests.support.answers import refused
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
HOARDER, HONEST = "203.0.113.7", "198.51.100.1"
FULL_HOLD = timedelta(minutes=35)


def guests_order(*lines: tuple[Product, int]) -> Order:
    return factories.order(Guest.new(), *lines, contact=Contact(email="guest@example.com"))


def start_from(address: str, order: Order) -> Payment:
    """Start the payment of an order in a request from this address."""
    token = caller_ip.set(address)
    try:
        return start_payment(order)[0]
    finally:
        caller_ip.reset(token)


def age(order: Order, by: timedelta) -> None:
    Order.objects.filter(pk=order.pk).update(created_at=order.created_at - by)
    order.refresh_from_db()


def run_out(payment: Payment) -> None:
    """Let the hold last as long as it may, and end."""
    Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - FULL_HOLD)
    expire(payment)
    reconciliation.release_expired_holds()


class TestShare:
    def test_an_honest_buyer_is_served_beside_a_hoarder(self, stripe, customer, fsck):
        products = [factories.product(inventory=10) for _ in range(2)]
        everything = start_from(HOARDER, guests_order(*((each, 10) for each in products)))
        assert (everything.status, everything.held) == ("initiated", False)
        for _ in range(3):
            start_from(HOARDER, guests_order(*((each, 2) for each in products)))
        assert {stock(each) for each in products} == {(6, 4)}
        honest = factories.order(customer, *((each, 3) for each in products))
        payment = start_from(HONEST, honest)
        assert payment.held
        assert pay(stripe, payment)
        reconcile()
        assert status(honest) == "paid"
        fsck()

    def test_a_network_of_ipv6_addresses_is_one_payer(self, stripe, product):
        for number in range(2):
            start_from(f"2001:db8:1:2::{number}", guests_order((product, 3)))
        assert stock(product) == (7, 3)
        start_from("2001:db8:1:3::1", guests_order((product, 3)))
        assert stock(product) == (4, 6)

    def test_a_buyer_is_one_payer_at_every_address(self, stripe, customer, product):
        for number in range(2):
            start_from(f"203.0.113.{number}", factories.order(customer, (product, 3)))
        assert stock(product) == (7, 3)

    def test_the_last_unit_is_held_for_whoever_comes_first(self, stripe, customer, stranger):
        last = factories.product(inventory=1)
        assert start_from(HONEST, factories.order(customer, (last, 1))).held
        assert stock(last) == (0, 1)

    def test_all_that_is_left_can_be_bought_at_once(self, stripe, customer, product, fsck):
        order = factories.order(customer, (product, 10))
        payment = start_from(HONEST, order)
        assert (payment.held, stock(product)) == (False, (10, 0))
        pay(stripe, payment)
        reconcile()
        assert (status(order), stock(product)) == ("paid", (0, 0))
        fsck()

    def test_what_is_sold_before_the_money_for_it_arrives_is_refunded(
        self, stripe, customer, stranger, product, fsck
    ):
        order = factories.order(customer, (product, 10))
        payment = start_from(HONEST, order)
        assert start_from(HONEST, factories.order(stranger, (product, 1))).held
        pay(stripe, payment)
        reconcile()
        assert (status(order), status(payment), stock(product)) == ("pending", "refunded", (9, 1))
        fsck()

    def test_without_a_hold_the_stock_must_be_there_too(self, stripe, customer_api, customer, product):
        order = factories.order(customer, (product, 10))
        update_product(pk=product.pk, inventory=9)
        refused(
            start_over_the_api(customer_api, order), 400, f"Insufficient inventory for product {product.name}"
        )
        assert not Payment.objects.exists()

    def test_many_networks_together_leave_goods_for_others(self, stripe, customer, product, fsck):
        for number in range(2):
            start_from(f"198.51.100.{number}", guests_order((product, 4)))
        assert not start_from("198.51.100.9", guests_order((product, 2))).held
        assert stock(product) == (2, 8)
        honest = factories.order(customer, (product, 2))
        assert pay(stripe, start_from(HONEST, honest))
        reconcile()
        assert status(honest) == "paid"
        fsck()

    def test_staff_set_the_share(self, stripe, product, settings):
        for percent, held in ((1, 1), (29, 2), (100, 8)):
            settings.HOLD_SHARE_PERCENT = percent
            for _ in range(3):
                start_from(HOARDER, guests_order((product, 1 if percent < 100 else 2)))
            assert stock(product) == (10 - held, held)


class TestTime:
    def test_an_order_holds_its_stock_three_times_and_no_longer(self, stripe, customer, product, fsck):
        order = factories.order(customer, (product, 3))
        for _ in range(3):
            payment, _ = start_payment(order)
            assert payment.held
            run_out(payment)
        payment, created = start_payment(order)
        assert (created, payment.held, stock(product)) == (True, False, (10, 0))
        fsck()

    def test_only_the_time_that_was_used_counts(self, stripe, customer, product):
        order = factories.order(customer, (product, 3))
        for _ in range(4):
            payment, _ = start_payment(order)
            assert payment.held
            expire(payment)
            reconciliation.release_expired_holds()


class TestTerms:
    def test_no_payment_starts_past_the_deadline(self, stripe, customer_api, customer, product, fsck):
        order = factories.order(customer, (product, 1))
        age(order, timedelta(hours=24))
        refused(
            start_over_the_api(customer_api, order),
            409,
            "The time to pay for this order is over. Please order again.",
        )
        assert (Payment.objects.count(), stock(product)) == (0, (10, 0))
        assert cancel_unpaid(older_than=timedelta(hours=24)) == 1
        fsck()

    def test_a_renewal_needs_todays_price(self, stripe, customer_api, customer, product, settings, fsck):
        order = factories.order(customer, (product, 1))
        payment, _ = start_payment(order)
        age(order, FULL_HOLD)
        run_out(payment)
        update_product(pk=product.pk, price="89.99")
        refused(start_over_the_api(customer_api, order), 409)
        update_product(pk=product.pk, price="79.99")
        settings.SHIPPING_PRICE = Decimal(5)
        refused(start_over_the_api(customer_api, order), 409)
        assert (Payment.objects.count(), stock(product)) == (1, (10, 0))
        settings.SHIPPING_PRICE = Decimal(0)
        assert start_over_the_api(customer_api, order).status_code == 201
        fsck()

    def test_the_price_that_was_just_seen_is_kept(self, stripe, customer_api, customer, product):
        order = factories.order(customer, (product, 1))
        update_product(pk=product.pk, price="89.99")
        assert start_over_the_api(customer_api, order).status_code == 201


class TestOpenPayments:
    @pytest.mark.parametrize("limit", ["OPEN_PAYMENTS_PER_BUYER", "OPEN_PAYMENTS_PER_NETWORK"])
    def test_only_so_many_are_open_at_a_time(
        self, stripe, customer, customer_api, product, settings, limit, fsck
    ):
        setattr(settings, limit, 2)
        orders = [factories.order(customer, (product, 1)) for _ in range(3)]
        assert [start_over_the_api(customer_api, each).status_code for each in orders] == [201, 201, 409]
        assert start_over_the_api(customer_api, orders[0]).status_code == 200
        cancel(orders[0], by=customer)
        assert start_over_the_api(customer_api, orders[2]).status_code == 201
        fsck()

    def test_a_crash_before_the_provider_is_called_leaves_nothing_uncounted(
        self, stripe, customer, product, settings, fsck
    ):
        settings.OPEN_PAYMENTS_PER_BUYER = 1
        crashed = start._create(factories.order(customer, (product, 4)), "stripe", None)
        other = factories.order(customer, (product, 1))
        with pytest.raises(open_payments.TooManyOpenPayments):
            start_payment(other)
        fsck()
        expire(crashed)
        reconcile()
        assert (status(crashed), stock(product)) == ("failed", (10, 0))
        assert start_payment(other)[0].held
        fsck()

    def test_an_ended_payment_does_not_tell_from_where_it_was_started(self, stripe, product):
        payment = start_from(HOARDER, guests_order((product, 1)))
        assert (payment.network, payment.buyer[:2]) == (HOARDER, "g:")
        pay(stripe, payment)
        reconcile()
        payment.refresh_from_db()
        assert (payment.network, payment.buyer) == ("", "")
        Payer.objects.update(last_start=timezone.now() - timedelta(days=2))
        reconcile()
        assert not Payer.objects.exists()


class TestRaces:
    """Eight guests of one network start at the same moment."""

    @pytest.fixture
    def starts(self, stripe: Standin) -> Callable[[list[Order]], None]:
        def start_all(orders: list[Order]) -> None:
            waiting = list(orders)
            outcomes = at_once(len(orders), lambda: start_from(HOARDER, waiting.pop()))
            expected = (Payment, open_payments.TooManyOpenPayments)
            assert all(isinstance(each, expected) for each in outcomes), outcomes

        return start_all

    @pytest.fixture
    def units_held(self, starts, product) -> Callable[[], int]:
        def held() -> int:
            starts([guests_order((product, 1)) for _ in range(8)])
            return stock(product)[1]

        return held

    @pytest.fixture
    def opened(self, starts, settings) -> Callable[[], int]:
        settings.OPEN_PAYMENTS_PER_NETWORK = 3

        def count() -> int:
            starts([guests_order((factories.product(), 1)) for _ in range(8)])
            return Payment.objects.count()

        return count

    def test_they_hold_their_share_and_no_more(self, units_held, fsck):
        assert units_held() == 5
        fsck()

    def test_counting_before_the_transaction_lets_them_hold_more(self, units_held, monkeypatch):
        monkeypatch.setattr(open_payments, "of_each", lambda payers: [[], []])
        assert units_held() > 5

    def test_they_open_as_many_payments_as_allowed(self, opened, fsck):
        assert opened() == 3
        fsck()

    def test_counting_without_writing_the_payers_row_opens_more(self, opened, monkeypatch):
        all_counting = Barrier(8)

        def wait(key: str) -> None:
            with suppress(BrokenBarrierError):
                all_counting.wait(2)

        monkeypatch.setattr(open_payments, "_write_row", wait)
        assert opened() > 3


def test_the_whole_stock_cannot_be_held_from_one_address_over_the_api(
    stripe: Standin, customer: User
) -> None:
    """The attack itself: a guest without an account, and the API's own routes."""
    products = [factories.product(inventory=30) for _ in range(2)]
    api = APIClient(REMOTE_ADDR=HOARDER)
    for _ in range(3):
        cart = {"X-Cart-Token": api.post("/api/v1/cart/guest").json()["cart_token"]}
        for each in products:
            api.post("/api/v1/cart/add", {"product_id": each.product_id, "qty": 7}, headers=cart)
        order = api.post("/api/v1/checkout/create-order", {"email": "h@example.com"}, headers=cart).json()
        started = api.post(
            "/api/v1/payments/start",
            {"order_id": order["order_id"]},
            headers={"X-Order-Token": order["order_token"]},
        )
        assert started.status_code == 201
    assert {stock(each) for each in products} == {(16, 14)}
    assert start_from(HONEST, factories.order(customer, *((each, 10) for each in products))).held
