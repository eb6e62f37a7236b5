import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from catalog.models import Product
from catalog.services import update_product
from orders.models import Order
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer: User, product: Product) -> Order:
    return factories.order(customer, (product, 2))


def pay(shopper: Client, order: Order, outcome: str) -> str:
    url = reverse("payments:pay", args=[order.number])
    return shopper.post(url, {"outcome": outcome}, follow=True).content.decode()


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("success", "paid"),
        ("failure", "failed"),
        ("canceled", "canceled"),
        ("pending", "pending"),
        ("x", "pending"),
    ],
)
def test_each_button_has_its_outcome(shopper: Client, order: Order, outcome: str, status: str) -> None:
    pay(shopper, order, outcome)
    order.refresh_from_db()
    assert order.status == status


def test_the_page_of_a_pending_payment_reloads(shopper: Client, order: Order) -> None:
    response = shopper.get(reverse("payments:pay", args=[order.number]), {"waiting": "1"})
    assert response["Refresh"] == "5"
    assert "Still waiting" in response.content.decode()


def test_a_declined_payment_offers_another_try(shopper: Client, order: Order) -> None:
    page = pay(shopper, order, "failure")
    assert "The payment was declined." in page
    assert "Try again" in page


def test_insufficient_stock_is_reported_and_nothing_is_charged(
    shopper: Client, order: Order, product: Product
) -> None:
    update_product(pk=product.pk, inventory=1)
    page = pay(shopper, order, "success")
    assert f"Insufficient inventory for product {product.name}" in page
    assert "You were not charged." in page


def test_a_second_tab_shows_the_outcome_of_the_first(shopper: Client, order: Order) -> None:
    pay(shopper, order, "canceled")
    assert "Canceled" in pay(shopper, order, "success")
    assert shopper.get(reverse("payments:pay", args=[order.number])).status_code == 302


def test_an_order_is_canceled_from_its_page(shopper: Client, order: Order) -> None:
    shopper.post(reverse("payments:cancel", args=[order.number]))
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELED


def test_without_a_provider_nothing_is_paid(shopper: Client, order: Order, settings: Settings) -> None:
    settings.PAYMENT_PROVIDER = "none"
    assert "Payments are not enabled" in pay(shopper, order, "success")
    order.refresh_from_db()
    assert order.status == Order.Status.PENDING
