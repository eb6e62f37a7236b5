"""A discount is one function, `cart.discounts.discount_for`; every total of the shop contains it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from cart import discounts
from cart.models import Cart
from cart.services import add_item
from catalog.models import Product
from orders.models import Order
from tests.orders.test_checkout_pages import CHECKOUT, filled_in

pytestmark = pytest.mark.django_db
AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total")


@pytest.fixture
def coupon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coupon of 10 % for every cart."""

    def ten_percent(cart: Cart, *, subtotal: Decimal) -> Decimal:
        return subtotal / 10

    monkeypatch.setattr(discounts, "discount_for", ten_percent)


@pytest.fixture
def shopper(customer: User, product: Product, settings: Settings) -> Client:
    """A customer with two units of 79.99 in the cart, delivery for 4.90 and a tax of 19 %."""
    settings.SHIPPING_PRICE, settings.TAX_PERCENT = Decimal("4.90"), Decimal("19")
    add_item(user=customer, product_id=product.product_id, qty=2)
    client = Client()
    client.force_login(customer)
    return client


@pytest.mark.usefixtures("coupon")
class TestCoupon:
    # 159.98 - 16.00 = 143.98; with delivery 148.88; 19 % of it are 28.2872
    EXPECTED = [Decimal(each) for each in ("159.98", "16.00", "4.90", "28.29", "177.17")]

    def test_the_pages_and_the_order_have_the_same_total(
        self, shopper: Client, fsck: Callable[[], None]
    ) -> None:
        cart_page = shopper.get(reverse("cart:detail")).content.decode()
        checkout_page = shopper.get(CHECKOUT).content.decode()
        for page in (cart_page, checkout_page):
            assert "−$16.00" in page
            assert "$177.17" in page
        assert "Pay $177.17" in checkout_page
        assert shopper.post(CHECKOUT, filled_in(checkout_page)).status_code == 307
        assert self.stored() == self.EXPECTED
        order_page = shopper.get(reverse("orders:detail", args=[Order.objects.get().number]))
        assert "−$16.00" in order_page.content.decode()
        fsck()

    def test_the_api_and_the_order_have_the_same_total(
        self, shopper: Client, customer_api: APIClient, fsck: Callable[[], None]
    ) -> None:
        created: dict[str, Any] = customer_api.post("/api/v1/checkout/create-order").json()
        assert created["total"] == 177.17
        assert self.stored() == self.EXPECTED
        order = customer_api.get(f"/api/v1/orders/{created['order_id']}").json()
        assert [Decimal(str(order[name])) for name in AMOUNTS] == self.EXPECTED
        fsck()

    def stored(self) -> list[Decimal]:
        order = Order.objects.get()
        return [getattr(order, name) for name in AMOUNTS]


def test_without_a_discount_none_is_shown(shopper: Client) -> None:
    page = shopper.get(reverse("cart:detail")).content.decode()
    assert "Delivery" in page
    assert "Discount" not in page


def test_a_discount_that_starts_after_the_checkout_was_opened_is_shown_before_the_order_is_placed(
    shopper: Client, request: pytest.FixtureRequest
) -> None:
    form = filled_in(shopper.get(CHECKOUT).content.decode())
    request.getfixturevalue("coupon")
    page = shopper.post(CHECKOUT, form).content.decode()
    assert "Pay $177.17" in page
    assert not Order.objects.exists()


def test_a_discount_takes_off_no_more_than_the_goods_cost(
    shopper: Client, monkeypatch: pytest.MonkeyPatch, customer_api: APIClient, fsck: Callable[[], None]
) -> None:
    monkeypatch.setattr(discounts, "discount_for", lambda cart, subtotal: Decimal("1000"))
    assert customer_api.post("/api/v1/checkout/create-order").json()["total"] == 5.83  # delivery and tax
    fsck()
