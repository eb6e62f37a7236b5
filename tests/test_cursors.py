"""Cursors: the `Link` header of a page leads to the next one, at any depth and beside changes."""

import base64
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Product
from orders.models import Order
from tests.support import factories
from tests.support.answers import refused
from tests.support.api_clients import api_of

pytestmark = pytest.mark.django_db
PRODUCTS = "/api/v1/products"
SORTS = ["", "name", "price", "-price", "newest"]


def next_url(response: Any) -> str:
    """Return the address of the next page, or an empty text on the last one."""
    match = re.fullmatch(r'<(/[^>]+)>; rel="next"', response.get("Link", ""))
    return match[1] if match else ""


def pages(api: APIClient, url: str) -> Iterator[list[dict[str, Any]]]:
    while url:
        response = api.get(url)
        assert response.status_code == 200, response.content
        yield response.json()
        url = next_url(response)


@pytest.fixture
def seven(db: None) -> None:
    for number in range(7):
        factories.product(name=f"Lamp {number % 2}", price=Decimal(5 + number % 2))
    Product.objects.update(created_at=Product.objects.all()[0].created_at)


@pytest.mark.parametrize("sort", SORTS)
def test_the_pages_are_the_list_in_its_order(api, seven, sort):
    whole = api.get(PRODUCTS, {"sort": sort}).json()
    for limit in (1, 2, 3, 7, 100):
        following = [row for page in pages(api, f"{PRODUCTS}?sort={sort}&limit={limit}") for row in page]
        assert following == whole, limit


def test_filters_and_the_search_stay_on_the_next_page(api, seven):
    factories.product(name="Chair", price=Decimal("5"))
    found = [row for page in pages(api, f"{PRODUCTS}?q=lamp&max_price=5&limit=2&unknown=1") for row in page]
    assert [row["price"] for row in found] == [5.0] * 4
    assert {row["name"] for row in found} == {"Lamp 0"}


def test_a_product_that_is_added_before_the_cursor_repeats_no_row(api, seven):
    first = api.get(f"{PRODUCTS}?sort=name&limit=3")
    factories.product(name="A new first one")
    second = api.get(next_url(first)).json()
    assert not {row["id"] for row in first.json()} & {row["id"] for row in second}
    by_number = api.get(f"{PRODUCTS}?sort=name&limit=3&skip=3").json()  # the control: a page by its number
    assert {row["id"] for row in first.json()} & {row["id"] for row in by_number}


def test_the_total_is_that_of_all_pages(api, seven):
    first = api.get(f"{PRODUCTS}?limit=5")
    second = api.get(next_url(first))
    assert (len(second.json()), first["X-Total-Count"], second["X-Total-Count"]) == (2, "7", "7")
    assert "Link" not in second


def forged(order: Any, values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, values]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "é", "e30", "W10", "W1tdLFtdXQ", "a" * 501),
        forged(["price", "product_id"], ["5.00", 1]),  # of another order
        forged(["product_id"], ["x"]),
        forged(["product_id"], [{"$gt": 0}]),
        forged(["product_id"], [None]),
        forged(["product_id"], [1, 2]),
        forged({"product_id": 1}, [1]),
    ],
)
def test_an_invalid_cursor_is_refused(api, seven, cursor):
    refused(api.get(PRODUCTS, {"after": cursor}), 400)


def test_a_cursor_excludes_skip_and_an_order_by_relevance(api, seven):
    cursor = next_url(api.get(f"{PRODUCTS}?limit=2")).partition("after=")[2]
    refused(api.get(f"{PRODUCTS}?after={cursor}&skip=1"), 400)
    refused(api.get(f"{PRODUCTS}?q=lamp&fuzzy=1&after={cursor}"), 400)
    assert not next_url(api.get(f"{PRODUCTS}?q=lamp&fuzzy=1&limit=2"))


def test_orders_have_cursors_and_show_each_order_once(customer: User, staff: User) -> None:
    product, stranger = factories.product(inventory=100), factories.user()
    for _ in range(5):
        factories.order(customer, (product, 1))
    factories.order(stranger, (product, 1))
    Order.objects.update(created_at=Order.objects.all()[0].created_at)
    own = [row["id"] for page in pages(api_of(customer), "/api/v1/orders?limit=2") for row in page]
    assert own == [row["id"] for row in api_of(customer).get("/api/v1/orders").json()]
    assert len(own) == 5
    everyones = [
        row["id"] for page in pages(api_of(staff), "/api/v1/orders/admin/all?limit=4") for row in page
    ]
    assert len(everyones) == len(set(everyones)) == 6


def test_a_deep_page_is_served_by_two_ranges_of_the_index(api, sent, seven):
    deep = next_url(api.get(f"{PRODUCTS}?sort=price&limit=5"))
    assert sent(lambda: api.get(deep)) == ["aggregate products"] * 2
