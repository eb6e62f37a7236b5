"""The redirect to the provider's hosted page and the page to which the customer returns."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.services import update_product
from ecommerce.core.db.status_transitions import transition
from orders.models import TRANSITIONS, Order
from payments.models import Payment
from payments.refunds import refund_order
from tests.payments.helpers import pay, payment_of, reconcile, status, stock
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


def visit(shopper, page, order):
    return shopper.get(reverse(f"payments:{page}", args=[order.number]))


def test_every_visit_redirects_to_the_same_hosted_page(stripe, shopper, order, product):
    for _ in range(2):
        response = visit(shopper, "pay", order)
        assert response.status_code == 302
        assert response["Location"] == stripe.session_of(payment_of(order).pk)["url"]
    assert stock(product) == (7, 3)


def test_insufficient_stock_is_reported_on_the_order_page(stripe, shopper, order, product):
    update_product(pk=product.pk, inventory=1)
    response = shopper.get(reverse("payments:pay", args=[order.number]), follow=True)
    assert f"Insufficient inventory for product {product.name}" in response.content.decode()


def test_the_return_page_settles_the_payment(stripe, shopper, order, fsck):
    visit(shopper, "pay", order)
    pay(stripe, payment_of(order))
    response = visit(shopper, "paid", order)
    assert response["Location"] == reverse("orders:detail", args=[order.number])
    assert status(order) == "paid"
    fsck()


def test_the_return_page_redirects_to_the_order_after_a_refund(stripe, shopper, order):
    visit(shopper, "pay", order)
    pay(stripe, payment_of(order))
    visit(shopper, "paid", order)
    refund_order(order, key="r1")
    assert visit(shopper, "paid", order)["Location"] == reverse("orders:detail", args=[order.number])


def test_the_return_page_reloads_while_the_payment_is_open(stripe, shopper, order):
    visit(shopper, "pay", order)
    response = visit(shopper, "paid", order)
    assert response["Refresh"] == "5"
    assert "Waiting for the payment" in response.content.decode()


def test_the_return_page_reloads_while_the_provider_does_not_answer(stripe, shopper, order, settings):
    visit(shopper, "pay", order)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    response = visit(shopper, "paid", order)
    assert response["Refresh"] == "5"
    assert "does not answer" in response.content.decode()


def test_the_return_page_announces_the_refund_of_a_late_payment(stripe, shopper, order):
    visit(shopper, "pay", order)
    pay(stripe, payment_of(order))
    transition(Order.objects.filter(pk=order.pk), Order.Status.CANCELED, TRANSITIONS)
    page = visit(shopper, "paid", order).content.decode()
    assert "The order was already canceled. We are sending $239.97 back to you." in page
    reconcile()
    assert "Your money was sent back" in visit(shopper, "paid", order).content.decode()


def test_the_return_page_of_an_expired_payment_says_that_nothing_was_charged(stripe, shopper, order):
    visit(shopper, "pay", order)
    stripe.change(stripe.session_of(payment_of(order).pk)["id"], status="expired")
    page = visit(shopper, "paid", order)
    assert "You were not charged." in page.content.decode()
    assert "Refresh" not in page


def test_the_return_page_redirects_to_the_order_without_a_payment(shopper, order):
    assert visit(shopper, "paid", order)["Location"] == reverse("orders:detail", args=[order.number])


def test_canceling_the_order_closes_the_session(stripe, shopper, order, product, fsck):
    visit(shopper, "pay", order)
    shopper.post(reverse("payments:cancel", args=[order.number]))
    assert (status(order), status(payment_of(order)), stock(product)) == ("canceled", "canceled", (10, 0))
    fsck()


def test_another_customer_gets_a_404(stripe, stranger, order):
    client = Client()
    client.force_login(stranger)
    for page in ("pay", "paid"):
        assert visit(client, page, order).status_code == 404
    assert not Payment.objects.exists()
