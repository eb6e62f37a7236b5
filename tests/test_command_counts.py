"""The number of commands that common requests send to MongoDB. More than these is a failure."""

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from catalog.categories import list_categories
from catalog.models import Product
from tests.conftest import empty_caches
from tests.support import factories
from tests.support.api_clients import api_of

API = "/api/v1"


@pytest.fixture
def products(db: None) -> list[Product]:
    return [factories.product(category=f"Category {number % 4}") for number in range(30)]


@pytest.fixture
def api(customer: User, products: list[Product]) -> APIClient:
    """A client that is signed in as a customer with three products in the cart."""
    client = api_of(customer)
    for product in products[:3]:
        client.post(f"{API}/cart/add", {"product_id": product.product_id, "qty": 1})
    return client


def place_order(api: APIClient) -> str:
    return str(api.post(f"{API}/checkout/create-order").json()["order_id"])


def start_payment(api: APIClient) -> str:
    order = place_order(api)
    api.post(f"{API}/payments/start", {"order_id": order})
    return order


def confirm(api: APIClient, order: str) -> None:
    assert api.post(f"{API}/payments/confirm?order_id={order}").json()["status"] == "paid"


def test_signing_in(sent, customer):
    body = {"email": customer.email, "password": factories.PASSWORD}
    assert sent(lambda: APIClient().post(f"{API}/auth/login", body)) == [
        "insert sign_in_attempts",
        "aggregate users",
        "delete sign_in_attempts",
        "insert audit_entries",
        "update users",
        "insert token_families",
    ]


def test_reading_the_cart(sent, api):
    assert sent(lambda: api.get(f"{API}/cart")) == ["aggregate users", "aggregate carts"]


def test_adding_to_the_cart(sent, api, products):
    body = {"product_id": products[0].product_id, "qty": 1}
    commands = sent(lambda: api.post(f"{API}/cart/add", body))
    assert commands == ["aggregate users", "aggregate products", "findAndModify carts"]


def test_placing_an_order(sent, api):
    commands = sent(lambda: place_order(api))
    assert len(commands) == 6, commands


def test_confirming_an_order_of_three_products(sent, api):
    order = start_payment(api)
    commands = sent(lambda: confirm(api, order))
    assert commands == [
        "aggregate users",
        "aggregate orders",
        "update orders",
        "insert audit_entries",
        "update outbox",
        "update products",
        "insert stock_movements",
        "update payments",
        "commitTransaction 1",
        "aggregate orders",
    ]


def test_the_number_of_products_does_not_matter(sent, api, products):
    for product in products[3:20]:
        api.post(f"{API}/cart/add", {"product_id": product.product_id, "qty": 1})
    order = start_payment(api)
    assert len(sent(lambda: confirm(api, order))) == 10


# A search looks for exact matches first, and does so for the list and for the counts beside its filters.
MOST = {"/": 4, "/products/": 4, "/categories/category-1/": 4, "/products/?q=product": 6, "{product}": 4}


@pytest.mark.parametrize("page", MOST)
def test_a_page_that_is_not_cached_yet(sent, client, products, page):
    """Beside the categories in the header, which all pages share."""
    url = page.format(product=f"/products/{products[0].slug}/")
    empty_caches()
    list_categories()
    commands = sent(lambda: client.get(url))
    assert len(commands) <= MOST[page], commands


def test_the_first_list_after_a_change(sent, client, products):
    empty_caches()
    commands = sent(lambda: client.get("/products/"))
    assert sorted(commands) == ["aggregate categories", *["aggregate products"] * 3]
