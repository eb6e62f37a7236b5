"""The redirect to the provider's hosted page and the page to which the customer returns."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cart.services import add_item
from catalog.services import update_product
from ecommerce.core.db.status_transitions import transition
from orders.models import TRANSITIONS, Order
from payments import provider_sync
from payments.models import Payment
from payments.refunds import refund_order
from tests.orders.test_checkout_pages import filled_in
from tests.payments.helpers import pay, payment_of, reconcile, status, stock
from tests.support import factories
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


def visit(shopper, page, order):
    return shopper.get(reverse(f"payments:{page}", args=[order.number]))


def detail_of(order):
    return reverse("orders:detail", args=[order.number])


def press_pay(shopper, order, **options):
    return shopper.post(reverse("payments:pay", args=[order.number]), **options)


def test_every_click_redirects_to_the_same_hosted_page(stripe, shopper, order, product):
    for _ in range(2):
        response = press_pay(shopper, order)
        assert response.status_code == 302
        assert response["Location"] == stripe.session_of(payment_of(order).pk)["url"]
    assert stock(product) == (7, 3)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_the_page_starts_nothing(stripe, shopper, order, product, method):
    answer = getattr(shopper, method)(reverse("payments:pay", args=[order.number]))
    assert answer.status_code == 405 if method == "options" else answer["Location"] == detail_of(order)
    assert (Payment.objects.count(), stock(product), stripe.requests) == (0, (10, 0), [])


def test_the_checkout_leads_to_the_hosted_page_with_one_click(stripe, shopper, customer, product):
    add_item(user=customer, product_id=product.product_id, qty=1)
    fields = filled_in(shopper.get(reverse("orders:checkout")).content.decode())
    placed = shopper.post(reverse("orders:checkout"), fields)
    assert placed.status_code == 307  # a browser sends the form to the next page again
    answer = shopper.post(placed["Location"], fields)
    assert answer["Location"] == stripe.session_of(payment_of(Order.objects.get()).pk)["url"]


def test_insufficient_stock_is_reported_on_the_order_page(stripe, shopper, order, product):
    update_product(pk=product.pk, inventory=1)
    response = press_pay(shopper, order, follow=True)
    assert f"Insufficient inventory for product {product.name}" in response.content.decode()


def test_the_return_page_settles_the_payment(stripe, shopper, order, fsck):
    press_pay(shopper, order)
    pay(stripe, payment_of(order))
    response = visit(shopper, "paid", order)
    assert response["Location"] == reverse("orders:detail", args=[order.number])
    assert status(order) == "paid"
    fsck()


def test_the_return_page_redirects_to_the_order_after_a_refund(stripe, shopper, order):
    press_pay(shopper, order)
    pay(stripe, payment_of(order))
    visit(shopper, "paid", order)
    refund_order(order, key="r1")
    assert visit(shopper, "paid", order)["Location"] == reverse("orders:detail", args=[order.number])


class TestAsking:
    @pytest.fixture
    def payment(self, shopper, stripe, order):
        press_pay(shopper, order)
        stripe.requests.clear()
        return payment_of(order)

    def test_the_provider_is_asked_once_in_a_few_seconds(self, stripe, shopper, order, payment):
        for _ in range(3):
            visit(shopper, "paid", order)
        assert len(stripe.requests) == 1
        long_ago = payment.checked_at - timedelta(seconds=5)
        Payment.objects.update(created_at=long_ago - timedelta(seconds=1), checked_at=long_ago)
        pay(stripe, payment)
        visit(shopper, "paid", order)
        assert (len(stripe.requests), status(order)) == (2, "paid")

    def test_many_at_once_ask_once(self, stripe, payment):
        at_once(6, lambda: provider_sync.refresh_if_due(payment))
        assert len(stripe.requests) == 1

    def test_many_at_once_would_all_ask_without_the_condition(self, stripe, payment, monkeypatch):
        naive = payment.checked_at == payment.created_at  # read, and not written in the same command
        monkeypatch.setattr(provider_sync, "_may_ask", lambda _: naive)
        at_once(6, lambda: provider_sync.refresh_if_due(payment))
        assert len(stripe.requests) == 6


def test_the_return_page_reloads_while_the_payment_is_open(stripe, shopper, order):
    press_pay(shopper, order)
    response = visit(shopper, "paid", order)
    assert response["Refresh"] == "5"
    assert "Waiting for the payment" in response.content.decode()


def test_the_return_page_reloads_while_the_provider_does_not_answer(stripe, shopper, order, settings):
    press_pay(shopper, order)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    response = visit(shopper, "paid", order)
    assert response["Refresh"] == "5"
    assert "does not answer" in response.content.decode()


def test_the_return_page_announces_the_refund_of_a_late_payment(stripe, shopper, order):
    press_pay(shopper, order)
    pay(stripe, payment_of(order))
    transition(Order.objects.filter(pk=order.pk), Order.Status.CANCELED, TRANSITIONS)
    page = visit(shopper, "paid", order).content.decode()
    assert "The order was already canceled. We are sending $239.97 back to you." in page
    reconcile()
    assert "Your money was sent back" in visit(shopper, "paid", order).content.decode()


def test_the_return_page_of_an_expired_payment_says_that_nothing_was_charged(stripe, shopper, order):
    press_pay(shopper, order)
    stripe.change(stripe.session_of(payment_of(order).pk)["id"], status="expired")
    page = visit(shopper, "paid", order)
    assert "You were not charged." in page.content.decode()
    assert "Refresh" not in page


def test_the_return_page_redirects_to_the_order_without_a_payment(shopper, order):
    assert visit(shopper, "paid", order)["Location"] == reverse("orders:detail", args=[order.number])


def test_canceling_the_order_closes_the_session(stripe, shopper, order, product, fsck):
    press_pay(shopper, order)
    shopper.post(reverse("payments:cancel", args=[order.number]))
    assert (status(order), status(payment_of(order)), stock(product)) == ("canceled", "canceled", (10, 0))
    fsck()


def test_another_customer_gets_a_404(stripe, stranger, order):
    client = Client()
    client.force_login(stranger)
    for page in ("pay", "paid"):
        assert visit(client, page, order).status_code == 404
    assert not Payment.objects.exists()
