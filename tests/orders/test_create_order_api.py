import re
from decimal import Decimal

import pytest

from cart.models import Cart
from catalog.models import Product
from catalog.services import delete_product, update_product
from ecommerce.core.db import collection
from orders.models import Order
from tests.support import factories
from tests.support.answers import refused

URL = "/api/v1/checkout/create-order"


def fill(api, *lines):
    for product, qty in lines:
        assert api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": qty}).status_code == 200


def create(api, key=None):
    return api.post(URL, **({"HTTP_IDEMPOTENCY_KEY": key} if key is not None else {}))


def cart_of(api):
    return [(line["product_id"], line["qty"]) for line in api.get("/api/v1/cart").json()["items"]]


def test_it_turns_the_cart_into_a_pending_order(customer, customer_api, product, fsck):
    fill(customer_api, (product, 3))
    response = create(customer_api)
    assert response.status_code == 201
    order = Order.objects.get()
    assert response.json() == {"order_id": str(order.pk), "status": "pending", "total": 239.97}
    assert (order.user_id, order.status, order.currency) == (customer.pk, "pending", "usd")
    assert cart_of(customer_api) == []
    fsck()


def test_it_takes_no_stock(customer_api, product):
    fill(customer_api, (product, 3))
    create(customer_api)
    assert Product.objects.get().inventory == 10


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        ([("79.99", 3)], "239.97"),
        ([("0.01", 99)], "0.99"),
        ([("0.10", 3)], "0.3"),
        ([("19.99", 3), ("0.07", 3), ("2499.99", 1)], "2560.17"),
        ([("9999999.99", 99)], "989999999.01"),
        ([("1.15", 7), ("1.15", 7)], "16.1"),
    ],
)
def test_totals_are_exact(customer_api, lines, total, fsck):
    fill(
        customer_api, *((factories.product(price=Decimal(price), inventory=99), qty) for price, qty in lines)
    )
    response = create(customer_api)
    assert f'"total":{total}}}'.encode() in response.content
    assert Order.objects.get().total == Decimal(total)
    fsck()


def test_the_order_is_a_snapshot(customer_api, product):
    fill(customer_api, (product, 2))
    order = create(customer_api).json()["order_id"]
    before = customer_api.get(f"/api/v1/orders/{order}").json()
    update_product(pk=product.pk, name="Renamed", price=Decimal("1.00"), slug="renamed")
    delete_product(pk=product.pk)
    after = customer_api.get(f"/api/v1/orders/{order}").json()
    assert after == before
    assert after["items"] == [
        {
            "product_id": str(product.pk),
            "name": product.name,
            "unit_price": 79.99,
            "qty": 2,
            "line_total": 159.98,
        }
    ]


def test_the_price_is_the_one_at_the_time_of_ordering(customer_api, product):
    fill(customer_api, (product, 1))
    update_product(pk=product.pk, price=Decimal("5.00"))
    assert create(customer_api).json()["total"] == 5


def test_the_number_is_random_and_readable(customer_api, product):
    fill(customer_api, (product, 1))
    create(customer_api)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", Order.objects.get().number)


def test_an_empty_cart_is_refused(customer_api, product):
    refused(create(customer_api), 400, "Cart is empty")
    fill(customer_api, (product, 1))
    create(customer_api)
    refused(create(customer_api), 400, "Cart is empty")
    assert Order.objects.count() == 1


UNAVAILABLE = {
    "deleted": lambda product: delete_product(pk=product.pk),
    "hidden": lambda product: update_product(pk=product.pk, is_active=False),
    "short": lambda product: update_product(pk=product.pk, inventory=1),
    "sold out": lambda product: update_product(pk=product.pk, inventory=0),
}


@pytest.mark.parametrize("make", UNAVAILABLE.values(), ids=UNAVAILABLE.keys())
def test_an_unavailable_item_is_named_and_the_cart_is_unchanged(customer_api, product, make, fsck):
    other = factories.product()
    fill(customer_api, (other, 1), (product, 2))
    make(product)
    before = collection(Cart).find_one()
    refused(create(customer_api), 400, f"Item unavailable: product_id {product.product_id}")
    assert collection(Cart).find_one() == before
    assert not Order.objects.exists()
    customer_api.post("/api/v1/cart/remove", {"product_id": product.product_id})
    assert create(customer_api).status_code == 201
    fsck()


def test_amounts_and_status_in_the_body_are_ignored(customer_api, product):
    fill(customer_api, (product, 1))
    response = customer_api.post(URL, {"total": 0.01, "items": [], "user_id": "x", "status": "paid"})
    assert response.json()["total"] == 79.99
    assert response.json()["status"] == "pending"


class TestKeys:
    def test_a_repeat_with_the_same_key_returns_the_same_order(self, customer_api, product, fsck):
        fill(customer_api, (product, 1))
        first, again = create(customer_api, "k"), create(customer_api, "k")
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert Order.objects.count() == 1
        fsck()

    def test_a_repeat_returns_the_current_status(self, customer_api, product):
        fill(customer_api, (product, 1))
        order = create(customer_api, "k").json()["order_id"]
        customer_api.post(f"/api/v1/payments/confirm?order_id={order}")
        assert create(customer_api, "k").json()["status"] == "paid"

    def test_the_same_key_with_the_same_cart_again_is_a_repeat(self, customer_api, product):
        fill(customer_api, (product, 2))
        first = create(customer_api, "k").json()
        fill(customer_api, (product, 2))
        again = create(customer_api, "k")
        assert (again.status_code, again.json()) == (200, first)
        assert cart_of(customer_api) == [(product.product_id, 2)]

    @pytest.mark.parametrize("change", ["quantity", "product", "more"])
    def test_the_same_key_with_another_cart_is_refused_and_the_cart_is_unchanged(
        self, customer_api, product, change
    ):
        other = factories.product()
        fill(customer_api, (product, 2))
        create(customer_api, "k")
        carts = {
            "quantity": [(product, 1)],
            "product": [(other, 2)],
            "more": [(product, 2), (other, 1)],
        }
        fill(customer_api, *carts[change])
        refused(create(customer_api, "k"), 422)
        assert len(cart_of(customer_api)) == len(carts[change])
        assert Order.objects.count() == 1

    def test_another_key_creates_another_order(self, customer_api, product):
        for key in ("a", "b", "A"):
            fill(customer_api, (product, 1))
            assert create(customer_api, key).status_code == 201
        assert Order.objects.count() == 3

    def test_without_a_key_each_cart_creates_an_order(self, customer_api, product):
        for _ in range(3):
            fill(customer_api, (product, 1))
            assert create(customer_api).status_code == 201
        assert Order.objects.count() == 3

    def test_users_may_use_the_same_key(self, customer_api, stranger_api, product):
        for api in (customer_api, stranger_api):
            fill(api, (product, 1))
        first, second = create(customer_api, "k"), create(stranger_api, "k")
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["order_id"] != second.json()["order_id"]

    def test_a_refused_order_does_not_use_up_its_key(self, customer_api, product):
        fill(customer_api, (product, 2))
        update_product(pk=product.pk, inventory=1)
        refused(create(customer_api, "k"), 400)
        update_product(pk=product.pk, inventory=2)
        assert create(customer_api, "k").status_code == 201

    @pytest.mark.parametrize("key", ["x", "x" * 200, "0b7e8f3e-1c9a-4a5c-9d7e-000000000000", '!"#$%&~{}'])
    def test_a_key_is_visible_ascii(self, customer_api, product, key):
        fill(customer_api, (product, 1))
        assert [create(customer_api, key).status_code for _ in range(2)] == [201, 200]

    @pytest.mark.parametrize("key", ["", " ", "x" * 201, "a b", "ключ", "é", "tab\tbed", "nul\0", "a\nb"])
    def test_an_invalid_key_is_refused(self, customer_api, product, key):
        fill(customer_api, (product, 1))
        refused(create(customer_api, key), 400, field="Idempotency-Key")
        assert not Order.objects.exists()
        assert cart_of(customer_api)
