import re

import pytest
from bson import ObjectId

from ecommerce.core.web.api import NOT_ALLOWED
from orders.models import Order
from tests.support import factories
from tests.support.answers import refused

URL, ALL = "/api/v1/orders", "/api/v1/orders/admin/all"


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


def ids(response):
    assert response.status_code == 200, response.content
    return [order["id"] for order in response.json()]


def test_an_order_has_the_specified_fields(customer, customer_api, product, order):
    answer = customer_api.get(f"{URL}/{order.pk}").json()
    assert answer.keys() == {
        "id",
        "_id",
        "number",
        "user_id",
        "email",
        "shipping_address",
        "items",
        "subtotal",
        "discount",
        "shipping",
        "tax",
        "total",
        "currency",
        "status",
        "fulfilment",
        "tracking",
        "refund_status",
        "refund_requested",
        "refund_completed",
        "refunded",
        "created_at",
    }
    assert answer["id"] == answer["_id"] == str(order.pk)
    assert answer["user_id"] == str(customer.pk)
    assert answer["items"] == [
        {
            "product_id": str(product.pk),
            "name": product.name,
            "unit_price": 79.99,
            "qty": 3,
            "line_total": 239.97,
        }
    ]
    assert (answer["total"], answer["currency"], answer["status"]) == (239.97, "usd", "pending")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["created_at"])


def test_the_list_has_only_own_orders_newest_first(customer, customer_api, stranger, stranger_api, product):
    orders = [factories.order(customer, (product, 1)) for _ in range(3)]
    factories.order(stranger, (product, 1))
    assert ids(customer_api.get(URL)) == [str(order.pk) for order in reversed(orders)]
    assert len(ids(stranger_api.get(URL))) == 1


def test_orders_of_the_same_time_are_sorted_too(customer, customer_api, product):
    orders = [factories.order(customer, (product, 1)) for _ in range(4)]
    Order.objects.update(created_at=orders[0].created_at)
    pages = [ids(customer_api.get(URL, {"skip": skip, "limit": 1}))[0] for skip in range(4)]
    assert pages == [str(order.pk) for order in reversed(orders)]


def test_a_list_without_orders_is_empty(customer_api, staff_api):
    assert customer_api.get(URL).json() == staff_api.get(ALL).json() == []


def test_another_users_order_is_not_found(order, stranger_api, staff_api):
    """Not even by staff, who see orders in their own list."""
    refused(stranger_api.get(f"{URL}/{order.pk}"), 404, "Order not found")
    refused(staff_api.get(f"{URL}/{order.pk}"), 404, "Order not found")


MALFORMED = [
    str(ObjectId()),
    "x",
    "1",
    "5f5f5f5f5f5f5f5f5f5f5f5",
    "5f5f5f5f5f5f5f5f5f5f5f5g",
    "%00",
    "%ff",
    "%ed%a0%80",
    "$ne",
    "[object%20Object]",
    "9" * 2000,
    "null",
    "twelve-bytes",
]


def test_an_unknown_or_malformed_id_is_not_found(order, customer_api):
    for pk in MALFORMED:
        refused(customer_api.get(f"{URL}/{pk}"), 404, "Order not found")


class TestAllOrders:
    def test_an_admin_sees_all_orders_newest_first(self, customer, stranger, staff_api, product):
        orders = [factories.order(buyer, (product, 1)) for buyer in (customer, stranger, customer)]
        assert ids(staff_api.get(ALL)) == [str(order.pk) for order in reversed(orders)]

    def test_it_returns_the_same_as_the_customers_list(self, order, customer_api, staff_api):
        assert staff_api.get(ALL).json() == customer_api.get(URL).json()

    def test_it_is_only_for_staff(self, order, customer_api):
        refused(customer_api.get(ALL), 403, NOT_ALLOWED)


@pytest.mark.parametrize(("url", "largest"), [(URL, 100), (ALL, 200)], ids=["own", "all"])
class TestPagination:
    @pytest.mark.parametrize(
        ("params", "indices"),
        [({}, [2, 1, 0]), ({"limit": 2}, [2, 1]), ({"skip": 2}, [0]), ({"skip": 1, "limit": 1}, [1])],
        ids=str,
    )
    def test_skip_and_limit_select_a_page(self, staff, staff_api, product, url, largest, params, indices):
        orders = [factories.order(staff, (product, 1)) for _ in range(3)]
        assert ids(staff_api.get(url, params)) == [str(orders[index].pk) for index in indices]

    def test_values_out_of_bounds_are_refused_and_not_clamped(self, staff_api, url, largest):
        assert ids(staff_api.get(url, {"limit": largest, "skip": 1_000_000})) == []
        for field, value in [
            ("limit", largest + 1),
            ("limit", 0),
            ("limit", -1),
            ("limit", "x"),
            ("limit", 10**30),
            ("skip", -1),
            ("skip", 1_000_001),
            ("skip", 10**30),
            ("skip", "1.5"),
        ]:
            refused(staff_api.get(url, {field: value}), 400, field=field)
