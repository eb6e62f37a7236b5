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
from tests.support import factories

pytestmark = pytest.mark.django_db
CHECKOUT = "/checkout/"
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "postcode": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


@pytest.fixture
def shopper(customer: User, product: Product) -> Client:
    """A signed-in customer with two units in the cart."""
    add_item(user=customer, product_id=product.product_id, qty=2)
    client = Client()
    client.force_login(customer)
    return client


def filled_in(page: str, **fields: str) -> dict[str, str]:
    """Return the fields that the page's form sends: the hidden ones, an e-mail and an address."""
    hidden = re.findall(r'<input type="hidden" name="(key|seen_total)" value="([^"]*)"', page)
    return {**dict(hidden), "email": "Customer@example.com", **ADDRESS, **fields}


def test_one_click_creates_one_order_and_redirects_to_the_payment(shopper: Client, customer: User) -> None:
    fields = filled_in(shopper.get(CHECKOUT).content.decode())
    response = shopper.post(CHECKOUT, fields)
    order = Order.objects.get(user=customer)
    assert response["Location"] == reverse("payments:pay", args=[order.number])
    assert order.total == Decimal("159.98")


def test_a_double_click_and_a_refresh_find_the_same_order(shopper: Client) -> None:
    fields = filled_in(shopper.get(CHECKOUT).content.decode())
    first, second = (shopper.post(CHECKOUT, fields)["Location"] for _ in range(2))
    assert first == second
    assert Order.objects.count() == 1


def test_going_back_and_clicking_again_with_another_cart_creates_no_second_order(
    shopper: Client, customer: User
) -> None:
    fields = filled_in(shopper.get(CHECKOUT).content.decode())
    shopper.post(CHECKOUT, fields)
    add_item(user=customer, product_id=factories.product().product_id, qty=1)
    response = shopper.post(CHECKOUT, fields)
    assert "used for another order" in response.content.decode()
    assert Order.objects.count() == 1


def test_a_changed_total_is_shown_before_the_order_is_placed(shopper: Client, product: Product) -> None:
    fields = filled_in(shopper.get(CHECKOUT).content.decode())
    update_product(pk=product.pk, price=Decimal("100.00"))
    page = shopper.post(CHECKOUT, fields).content.decode()
    assert "A price has changed" in page
    assert "Pay $200.00" in page
    assert not Order.objects.exists()
    shopper.post(CHECKOUT, filled_in(page))
    assert Order.objects.get().total == Decimal("200.00")


def test_short_stock_redirects_to_the_unchanged_cart(
    shopper: Client, customer: User, product: Product
) -> None:
    fields = filled_in(shopper.get(CHECKOUT).content.decode())
    update_product(pk=product.pk, inventory=1)
    response = shopper.post(CHECKOUT, fields, follow=True)
    assert response.redirect_chain[-1][0] == reverse("cart:detail")
    assert "Only 1 left" in response.content.decode()
    assert [item.qty for item in get_cart(user=customer).items] == [2]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "x" * 500},
        {"key": ""},
        {"key": "abcdefgh\n"},
        {"seen_total": "NaN"},
        {"seen_total": "1e999"},
        {"seen_total": ""},
        {"email": "no-email"},
        {"email": ""},
        {"name": ""},
        {"line1": "x" * 201},
        {"country": "ZZ"},
        {"country": ""},
        {"city": "\x00"},
    ],
)
def test_an_invalid_form_creates_no_order_and_keeps_the_input(
    shopper: Client, fields: dict[str, str]
) -> None:
    sent = filled_in(shopper.get(CHECKOUT).content.decode(), phone="+44 20 7946 0000", **fields)
    response = shopper.post(CHECKOUT, sent)
    assert response.status_code == 422
    assert 'value="+44 20 7946 0000"' in response.content.decode()
    assert not Order.objects.exists()


def test_an_invalid_key_is_replaced_so_that_the_next_click_works(shopper: Client) -> None:
    sent = filled_in(shopper.get(CHECKOUT).content.decode(), key="")
    page = shopper.post(CHECKOUT, sent).content.decode()
    assert shopper.post(CHECKOUT, filled_in(page)).status_code == 307


def test_the_order_stores_the_email_and_the_address(shopper: Client) -> None:
    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode(), line2="2nd floor"))
    order = Order.objects.get()
    assert order.email == "customer@example.com"
    blank = {"region": "", "phone": ""}
    assert order.shipping_address.as_dict() == {**ADDRESS, "line2": "2nd floor", **blank}
    assert "United Kingdom" in shopper.get(reverse("orders:detail", args=[order.number])).content.decode()


def test_the_next_checkout_is_filled_in_with_the_address(
    shopper: Client, customer: User, product: Product
) -> None:
    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode()))
    add_item(user=customer, product_id=product.product_id, qty=1)
    another_browser = Client()
    another_browser.force_login(customer)
    assert "12 St James&#x27;s Square" in another_browser.get(CHECKOUT).content.decode()


def test_an_empty_cart_redirects_to_the_cart(customer: User) -> None:
    client = Client()
    client.force_login(customer)
    assert client.get(CHECKOUT)["Location"] == reverse("cart:detail")


def test_a_visitor_without_a_cart_is_redirected_to_the_cart(db: None) -> None:
    assert Client().get(CHECKOUT)["Location"] == reverse("cart:detail")


def test_a_complete_purchase_keeps_every_invariant(
    shopper: Client, product: Product, fsck: Callable[[], None]
) -> None:
    placed = shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode()))
    response = shopper.post(placed["Location"], {"outcome": "success"}, follow=True)
    assert "Thank you" in response.content.decode()
    product.refresh_from_db()
    assert product.inventory == 8
    fsck()


def test_an_order_created_in_the_api_is_paid_on_the_page(
    shopper: Client, customer: User, fsck: Callable[[], None]
) -> None:
    from tests.support.api_clients import api_of

    made = api_of(customer).post("/api/v1/checkout/create-order").json()
    number = Order.objects.get(pk=made["order_id"]).number
    shopper.post(reverse("payments:pay", args=[number]), {"outcome": "success"})
    assert api_of(customer).get(f"/api/v1/orders/{made['order_id']}").json()["status"] == "paid"
    fsck()


def test_an_order_created_on_the_page_is_paid_in_the_api(
    shopper: Client, customer: User, fsck: Callable[[], None]
) -> None:
    from tests.support.api_clients import api_of

    shopper.post(CHECKOUT, filled_in(shopper.get(CHECKOUT).content.decode()))
    order = Order.objects.get()
    answer = api_of(customer).post(f"/api/v1/payments/confirm?order_id={order.pk}")
    assert answer.json() == {"order_id": str(order.pk), "status": "paid"}
    assert "Thank you" in shopper.get(reverse("orders:detail", args=[order.number])).content.decode()
    fsck()
