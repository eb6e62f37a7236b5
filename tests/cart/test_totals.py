"""The parts of a total: discount, delivery and tax."""

from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from cart.totals import totals_of
from catalog.models import Product
from tests.support import factories


def test_with_nothing_configured_the_total_is_the_sum_of_the_lines() -> None:
    totals = totals_of(Decimal("239.97"))
    assert (totals.subtotal, totals.total) == (Decimal("239.97"), Decimal("239.97"))
    assert totals.discount == totals.shipping == totals.tax == 0


@pytest.mark.parametrize(
    ("subtotal", "discount", "shipping", "tax", "total"),
    [
        ("10.00", "0", "4.90", "2.83", "17.73"),  # 14.90 * 19 % = 2.831
        ("49.99", "0", "4.90", "10.43", "65.32"),  # 54.89 * 19 % = 10.4291
        ("50.00", "0", "0.00", "9.50", "59.50"),  # from here on delivery is free
        ("50.00", "0.01", "4.90", "10.43", "65.32"),  # the discount counts
        ("0.50", "0", "4.90", "1.03", "6.43"),  # 1.026
    ],
)
def test_delivery_and_tax_are_added_and_rounded_once(
    settings: Settings, subtotal: str, discount: str, shipping: str, tax: str, total: str
) -> None:
    settings.SHIPPING_PRICE = Decimal("4.90")
    settings.FREE_SHIPPING_FROM = Decimal("50")
    settings.TAX_PERCENT = Decimal("19")
    totals = totals_of(Decimal(subtotal), discount=Decimal(discount))
    assert [totals.shipping, totals.tax, totals.total] == [Decimal(each) for each in (shipping, tax, total)]


def test_half_a_cent_is_rounded_up(settings: Settings) -> None:
    settings.TAX_PERCENT = Decimal("5")
    assert totals_of(Decimal("0.10")).tax == Decimal("0.01")  # 0.005


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("shipping", "free_from", "tax", "note"),
    [
        ("0", None, "0", "Delivery is included in every price."),
        ("4.90", None, "0", "Delivery is $4.90 an order."),
        ("4.90", "50", "0", "Delivery is $4.90 an order, and free from $50.00."),
        ("0", None, "19", "Delivery is included in every price. Tax is added at the checkout."),
    ],
)
def test_the_pages_name_the_costs_that_are_added_to_prices(
    client: Client, settings: Settings, shipping: str, free_from: str | None, tax: str, note: str
) -> None:
    settings.SHIPPING_PRICE, settings.TAX_PERCENT = Decimal(shipping), Decimal(tax)
    settings.FREE_SHIPPING_FROM = Decimal(free_from) if free_from else None
    assert note in client.get("/").content.decode()


@pytest.mark.django_db
def test_an_order_keeps_its_breakdown_and_is_paid_in_full(
    settings: Settings, customer: User, customer_api: APIClient, product: Product
) -> None:
    settings.SHIPPING_PRICE, settings.TAX_PERCENT = Decimal("4.90"), Decimal("19")
    order = factories.order(customer, (product, 1))
    settings.SHIPPING_PRICE, settings.TAX_PERCENT = Decimal(0), Decimal(0)
    shown = customer_api.get(f"/api/v1/orders/{order.pk}").json()
    parts = [shown[name] for name in ("subtotal", "discount", "shipping", "tax", "total")]
    assert parts == [79.99, 0.0, 4.9, 16.13, 101.02]
