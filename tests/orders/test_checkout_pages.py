import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cart.services import add_item, get_cart
from catalog.models import Product
from catalog.services import update_product
from orders.models import Order
from tests import factories

pytestmark = pytest.mark.django_db
CHECKOUT = "/checkout/"


@pytest.fixture
def shopper(customer: User, product: Product) -> Client:
    """A signed-in customer with two units in the cart."""
    add_item(user=customer, product_id=product.product_id, qty=2)
    client = Client()
    client.force_login(customer)
    return client


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(key|seen_total)" value="([^"]*)"', page))


def test_one_click_makes_one_order_and_leads_to_the_payment(shopper: Client, customer: User) -> None:
    fields = hidden_fields(shopper.get(CHECKOUT).content.decode())
    response = shopper.post(CHECKOUT, fields)
    order = Order.objects.get(user=customer)
    assert response["Location"] == reverse("payments:pay", args=[order.number])
    assert order.total == Decimal("159.98")


def test_a_double_click_and_a_refresh_find_the_same_order(shopper: Client) -> None:
    fields = hidden_fields(shopper.get(CHECKOUT).content.decode())
    first, second = (shopper.post(CHECKOUT, fields)["Location"] for _ in range(2))
    assert first == second
    assert Order.objects.count() == 1


def test_going_back_and_clicking_again_with_another_cart_makes_no_second_order_by_accident(
    shopper: Client, customer: User
) -> None:
    fields = hidden_fields(shopper.get(CHECKOUT).content.decode())
    shopper.post(CHECKOUT, fields)
    add_item(user=customer, product_id=factories.product().product_id, qty=1)
    response = shopper.post(CHECKOUT, fields)
    assert "used for an order with other items" in response.content.decode()
    assert Order.objects.count() == 1


def test_a_changed_total_is_shown_before_the_order_is_made(shopper: Client, product: Product) -> None:
    fields = hidden_fields(shopper.get(CHECKOUT).content.decode())
    update_product(pk=product.pk, price=Decimal("100.00"))
    page = shopper.post(CHECKOUT, fields).content.decode()
    assert "A price has changed" in page
    assert "Pay $200.00" in page
    assert not Order.objects.exists()
    shopper.post(CHECKOUT, hidden_fields(page))
    assert Order.objects.get().total == Decimal("200.00")


def test_short_stock_leads_back_to_the_cart_which_is_as_it_was(
    shopper: Client, customer: User, product: Product
) -> None:
    fields = hidden_fields(shopper.get(CHECKOUT).content.decode())
    update_product(pk=product.pk, inventory=1)
    response = shopper.post(CHECKOUT, fields, follow=True)
    assert response.redirect_chain[-1][0] == reverse("cart:detail")
    assert "Only 1 left" in response.content.decode()
    assert [item.qty for item in get_cart(user=customer).items] == [2]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"key": "x" * 500, "seen_total": "159.98"},
        {"key": "abcdefghij", "seen_total": "NaN"},
        {"key": "abcdefghij", "seen_total": "1e999"},
        {"key": "abcdefghij"},
    ],
)
def test_a_broken_form_makes_no_order(shopper: Client, fields: dict[str, str]) -> None:
    assert shopper.post(CHECKOUT, fields).status_code == 200
    assert not Order.objects.exists()


def test_an_empty_cart_leads_to_the_cart(customer: User) -> None:
    client = Client()
    client.force_login(customer)
    assert client.get(CHECKOUT)["Location"] == reverse("cart:detail")


def test_a_visitor_signs_in_first(db: None) -> None:
    assert Client().get(CHECKOUT)["Location"] == "/account/login/?next=/checkout/"


def test_a_whole_purchase_keeps_every_invariant(
    shopper: Client, product: Product, fsck: Callable[[], None]
) -> None:
    placed = shopper.post(CHECKOUT, hidden_fields(shopper.get(CHECKOUT).content.decode()))
    response = shopper.post(placed["Location"], {"outcome": "success"}, follow=True)
    assert "Thank you" in response.content.decode()
    product.refresh_from_db()
    assert product.inventory == 8
    fsck()


def test_an_order_begun_in_the_api_is_paid_on_the_page(
    shopper: Client, customer: User, fsck: Callable[[], None]
) -> None:
    from tests.conftest import api_of

    made = api_of(customer).post("/api/v1/checkout/create-order").json()
    number = Order.objects.get(pk=made["order_id"]).number
    shopper.post(reverse("payments:pay", args=[number]), {"outcome": "success"})
    assert api_of(customer).get(f"/api/v1/orders/{made['order_id']}").json()["status"] == "paid"
    fsck()


def test_an_order_begun_on_the_page_is_paid_in_the_api(
    shopper: Client, customer: User, fsck: Callable[[], None]
) -> None:
    from tests.conftest import api_of

    shopper.post(CHECKOUT, hidden_fields(shopper.get(CHECKOUT).content.decode()))
    order = Order.objects.get()
    answer = api_of(customer).post(f"/api/v1/payments/confirm?order_id={order.pk}")
    assert answer.json() == {"order_id": str(order.pk), "status": "paid"}
    assert "Thank you" in shopper.get(reverse("orders:detail", args=[order.number])).content.decode()
    fsck()
