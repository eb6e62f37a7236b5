from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog import stock as stock_module
from catalog.models import Product, StockMovement
from catalog.services import delete_product
from ecommerce.core.db import run_tx
from orders.services import cancel_unpaid
from payments import reconciliation
from payments.gateways.base import GatewayUnavailable
from payments.models import Payment
from payments.start import start_payment
from tests.payments.helpers import assert_money_adds_up, expire, pay, reconcile, status, stock
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


class TestExpiry:
    def test_an_expired_hold_is_released_and_the_order_can_be_paid_again(
        self, stripe, product, order, payment, fsck
    ):
        expire(payment)
        reconciliation.release_expired_holds()
        assert (status(payment), status(order), stock(product)) == ("canceled", "pending", (10, 0))
        assert not pay(stripe, payment)
        assert start_payment(order)[1]
        fsck()

    def test_a_hold_is_not_released_before_it_expires(self, stripe, product, payment):
        reconciliation.release_expired_holds()
        assert (status(payment), stock(product)) == ("initiated", (7, 3))
        assert stripe.session_of(payment.pk)["status"] == "open"

    def test_the_hold_of_a_paid_payment_is_not_released(self, stripe, product, order, payment, fsck):
        pay(stripe, payment)
        expire(payment)
        reconciliation.release_expired_holds()
        assert (status(payment), status(order), stock(product)) == ("captured", "paid", (7, 0))
        fsck()

    def test_the_stock_stays_on_hold_while_the_provider_does_not_answer(
        self, stripe, product, payment, settings, fsck
    ):
        expire(payment)
        address, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
        reconciliation.release_expired_holds()
        assert (status(payment), stock(product)) == ("initiated", (7, 3))
        settings.STRIPE_API_BASE = address
        reconciliation.release_expired_holds()
        assert (status(payment), stock(product)) == ("canceled", (10, 0))
        fsck()

    @pytest.mark.parametrize("call", ["expire", "retrieve"])
    def test_the_next_run_recovers_from_a_lost_response(self, stripe, product, payment, call, fsck):
        session = f"/v1/checkout/sessions/{stripe.session_of(payment.pk)['id']}"
        stripe.lose = [f"POST {session}/expire" if call == "expire" else f"GET {session}"]
        expire(payment)
        reconciliation.release_expired_holds()
        assert not stripe.lose
        assert (status(payment), stock(product)) == ("initiated", (7, 3))
        reconciliation.release_expired_holds()
        assert (status(payment), stock(product)) == ("canceled", (10, 0))
        fsck()

    @pytest.mark.parametrize("paid", [True, False])
    def test_a_session_with_a_lost_reference_is_recovered(
        self, stripe, product, order, paid, monkeypatch, fsck
    ):
        stripe.lose = ["POST /v1/checkout/sessions"]
        with pytest.raises(GatewayUnavailable):
            start_payment(order)
        payment = Payment.objects.get()
        assert not paid or pay(stripe, payment)
        later = timezone.now() + timedelta(hours=1)
        monkeypatch.setattr(reconciliation, "timezone", SimpleNamespace(now=lambda: later))
        reconciliation.release_expired_holds()
        assert status(payment) == ("captured" if paid else "canceled")
        assert stock(product) == ((7, 0) if paid else (10, 0))
        fsck()

    def test_a_hold_without_a_session_is_released(self, stripe, product, order, settings, fsck):
        address, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
        with pytest.raises(GatewayUnavailable):
            start_payment(order)
        settings.STRIPE_API_BASE = address
        payment = Payment.objects.get()
        assert stock(product) == (7, 3)
        expire(payment)  # too late: the provider refuses to create a session that has expired
        reconcile()
        assert (status(payment), stock(product)) == ("failed", (10, 0))
        fsck()

    def test_a_failing_payment_does_not_block_the_others(self, stripe, customer, product, payment, fsck):
        other, _ = start_payment(factories.order(customer, (product, 1)))
        Payment.objects.filter(pk=payment.pk).update(reference="cs_unknown")
        expire(payment)
        expire(other)
        reconciliation.release_expired_holds()
        assert (status(payment), status(other)) == ("initiated", "canceled")
        fsck()


class TestReconcile:
    def test_a_payment_whose_webhook_was_lost_is_settled(self, stripe, order, payment, fsck):
        pay(stripe, payment)
        reconcile()
        assert (status(payment), status(order)) == ("captured", "paid")
        assert_money_adds_up(stripe)
        fsck()

    def test_a_recently_checked_payment_is_skipped(self, stripe, payment):
        requests = len(stripe.requests)
        reconciliation.reconcile()
        assert len(stripe.requests) == requests

    def test_a_run_stops_after_its_time_limit(self, stripe, payment, monkeypatch):
        pay(stripe, payment)
        monkeypatch.setattr(reconciliation, "RUN_S", -1)
        reconcile()
        assert status(payment) == "initiated"

    def test_an_old_order_is_not_canceled_while_its_payment_is_open(self, stripe, order, payment, fsck):
        assert cancel_unpaid(older_than=timedelta(0)) == 0
        expire(payment)
        reconcile()
        assert cancel_unpaid(older_than=timedelta(0)) == 1
        assert status(order) == "canceled"
        fsck()

    def test_the_command_runs_all_steps(self, stripe, order, payment, fsck):
        pay(stripe, payment)
        expire(payment)
        call_command("reconcile_payments")
        assert status(order) == "paid"
        fsck()


class TestStock:
    """Tests of `catalog.stock` itself."""

    @pytest.fixture
    def lines(self):
        products = [factories.product(inventory=5) for _ in range(3)]
        return [stock_module.SaleLine(product.pk, 2, product.name) for product in products]

    def test_either_all_items_are_held_or_none(self, lines, order):
        Product.objects.filter(pk=lines[1].product).update(inventory=1)
        with pytest.raises(stock_module.InsufficientStock):
            run_tx(lambda: stock_module.hold(lines, payment=order.pk, order=order.pk))
        levels = Product.objects.filter(pk__in=[line.product for line in lines])
        assert sorted(levels.values_list("inventory", "on_hold")) == [(1, 0), (5, 0), (5, 0)]

    def test_releasing_more_than_is_on_hold_is_an_error(self, lines, order):
        with pytest.raises(RuntimeError):
            run_tx(lambda: stock_module.release(lines, payment=order.pk, order=order.pk))

    def test_an_order_is_restocked_once(self, lines, order):
        run_tx(lambda: stock_module.sell(lines, order=order.pk))
        delete_product(pk=lines[0].product)
        for _ in range(2):
            run_tx(lambda: stock_module.restock(lines, order=order.pk))
        remaining = Product.objects.filter(pk__in=[line.product for line in lines])
        assert list(remaining.values_list("inventory", flat=True)) == [5, 5]
        assert StockMovement.objects.filter(reason="restock").count() == 2
