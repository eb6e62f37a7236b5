from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cart.services import add_item, get_cart
from catalog.models import Product
from catalog.services import delete_product, update_product
from tests.support import factories

pytestmark = pytest.mark.django_db
CART = "/cart/"


def quantities(user: User) -> dict[int, int]:
    return {item.product_id: item.qty for item in get_cart(user=user).items}


def test_a_product_is_added_to_the_cart(shopper: Client, customer: User, product: Product) -> None:
    response = shopper.post(reverse("cart:add", args=[product.product_id]), {"qty": "2"}, follow=True)
    assert quantities(customer) == {product.product_id: 2}
    assert "is in your cart" in response.content.decode()


@pytest.mark.parametrize("wanted", ["11", "99", "1000000"])
def test_a_quantity_over_the_stock_is_clamped_and_explained(
    shopper: Client, customer: User, product: Product, wanted: str
) -> None:
    response = shopper.post(reverse("cart:add", args=[product.product_id]), {"qty": wanted}, follow=True)
    assert quantities(customer) == {product.product_id: 10}
    assert f"Only 10 of {product.name}" in response.content.decode()


@pytest.mark.parametrize("nonsense", ["", "abc", "-5", "0", "1e400", "9" * 500, "1.5"])
def test_an_invalid_quantity_adds_one(
    shopper: Client, customer: User, product: Product, nonsense: str
) -> None:
    shopper.post(reverse("cart:add", args=[product.product_id]), {"qty": nonsense})
    assert quantities(customer) == {product.product_id: 1}


def test_a_sold_out_product_is_not_added(shopper: Client, customer: User) -> None:
    product = factories.product(inventory=0)
    response = shopper.post(reverse("cart:add", args=[product.product_id]), follow=True)
    assert quantities(customer) == {}
    assert "is sold out" in response.content.decode()


@pytest.mark.parametrize("unknown", [999_999, 10**30])
def test_an_unknown_product_is_not_added(shopper: Client, customer: User, unknown: int) -> None:
    response = shopper.post(f"/cart/add/{unknown}/", follow=True)
    assert response.status_code in (200, 404)
    assert quantities(customer) == {}


@pytest.mark.parametrize(("op", "expected"), [("less", 2), ("more", 4), ("set", 3), ("", 3)])
def test_the_plus_and_minus_buttons_change_the_quantity(
    shopper: Client, customer: User, product: Product, op: str, expected: int
) -> None:
    add_item(user=customer, product_id=product.product_id, qty=1)
    shopper.post(reverse("cart:update", args=[product.product_id]), {"qty": "3", "op": op})
    assert quantities(customer) == {product.product_id: expected}


@pytest.mark.parametrize("nonsense", ["", "abc", "1,000", "1.5", "-1", "9999999", "1e400"])
def test_an_invalid_quantity_leaves_the_line_unchanged_and_is_explained(
    shopper: Client, customer: User, product: Product, nonsense: str
) -> None:
    add_item(user=customer, product_id=product.product_id, qty=5)
    url = reverse("cart:update", args=[product.product_id])
    response = shopper.post(url, {"qty": nonsense}, follow=True)
    assert quantities(customer) == {product.product_id: 5}
    assert "Enter a whole number." in response.content.decode()


@pytest.mark.parametrize(("stock", "allowed"), [(10, 10), (500, 99)])
def test_an_update_over_the_stock_or_the_line_limit_is_clamped_and_explained(
    shopper: Client, customer: User, stock: int, allowed: int
) -> None:
    product = factories.product(inventory=stock)
    add_item(user=customer, product_id=product.product_id, qty=5)
    url = reverse("cart:update", args=[product.product_id])
    response = shopper.post(url, {"qty": "1000"}, follow=True)
    assert quantities(customer) == {product.product_id: allowed}
    assert f"Only {allowed} of {product.name} can be in your cart." in response.content.decode()


def test_the_minus_button_removes_the_last_unit_and_offers_to_undo_it(
    shopper: Client, customer: User, product: Product
) -> None:
    add_item(user=customer, product_id=product.product_id, qty=1)
    url = reverse("cart:update", args=[product.product_id])
    response = shopper.post(url, {"qty": "1", "op": "less"}, follow=True)
    assert quantities(customer) == {}
    assert "Undo" in response.content.decode()


def test_a_line_that_another_tab_removed_stays_removed(
    shopper: Client, customer: User, product: Product
) -> None:
    shopper.post(reverse("cart:update", args=[product.product_id]), {"qty": "5"})
    assert quantities(customer) == {}


def test_the_cart_shows_that_a_price_has_changed(shopper: Client, customer: User, product: Product) -> None:
    add_item(user=customer, product_id=product.product_id, qty=1)
    update_product(pk=product.pk, price=Decimal("99.50"))
    page = shopper.get(CART).content.decode()
    assert "The price has changed from $79.99 to $99.50." in page


def test_the_cart_shows_that_stock_is_short_and_offers_no_checkout(
    shopper: Client, customer: User, product: Product
) -> None:
    add_item(user=customer, product_id=product.product_id, qty=5)
    update_product(pk=product.pk, inventory=2)
    page = shopper.get(CART).content.decode()
    assert "Only 2 left" in page
    assert reverse("orders:checkout") not in page


def test_the_line_of_a_deleted_product_stays_and_can_be_removed(
    shopper: Client, customer: User, product: Product
) -> None:
    add_item(user=customer, product_id=product.product_id, qty=1)
    delete_product(pk=product.pk)
    assert "Not available" in shopper.get(CART).content.decode()
    shopper.post(reverse("cart:remove", args=[product.product_id]))
    assert quantities(customer) == {}


@pytest.mark.parametrize(
    "query", ["removed=abc&qty=1", "removed=1&qty=abc", "removed=" + "9" * 400, "removed=0"]
)
def test_an_invalid_query_string_shows_just_the_cart(shopper: Client, query: str) -> None:
    assert shopper.get(f"{CART}?{query}").status_code == 200


def test_a_visitor_without_a_cart_sees_an_empty_one(db: None) -> None:
    assert "Your cart is empty" in Client().get(CART).content.decode()


def test_the_api_and_the_page_show_the_same_cart(shopper: Client, customer: User, product: Product) -> None:
    shopper.post(reverse("cart:add", args=[product.product_id]), {"qty": "2"})
    from tests.support.api_clients import api_of

    assert api_of(customer).get("/api/v1/cart").json()["items"] == [
        {"product_id": product.product_id, "qty": 2}
    ]


@pytest.mark.parametrize("name", ["cart:add", "cart:update", "cart:remove"])
def test_changes_must_be_posts(shopper: Client, product: Product, name: str) -> None:
    assert shopper.get(reverse(name, args=[product.product_id])).status_code == 405


def test_changes_need_the_csrf_token(customer: User, product: Product) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(customer)
    assert careful.post(reverse("cart:add", args=[product.product_id])).status_code == 403
    assert quantities(customer) == {}
