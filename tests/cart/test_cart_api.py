import re

import pytest

from cart.models import Cart
from catalog.services import delete_product, update_product
from tests.support import factories
from tests.support.answers import refused

CART, ADD, REMOVE = "/api/v1/cart", "/api/v1/cart/add", "/api/v1/cart/remove"


def add(api, product, qty=1):
    return api.post(ADD, {"product_id": product.product_id, "qty": qty})


def remove(api, product):
    return api.post(REMOVE, {"product_id": product.product_id})


def lines(response):
    assert response.status_code == 200, response.content
    return [(item["product_id"], item["qty"]) for item in response.json()["items"]]


class TestReading:
    def test_an_empty_cart_is_returned_and_reading_creates_nothing(self, customer, customer_api):
        answer = customer_api.get(CART).json()
        assert answer.keys() == {"id", "_id", "user_id", "items", "updated_at"}
        assert (answer["user_id"], answer["items"]) == (str(customer.pk), [])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["updated_at"])
        remove(customer_api, factories.product())
        assert not Cart.objects.exists()

    def test_an_empty_cart_already_has_its_later_id(self, customer_api, product):
        empty = customer_api.get(CART).json()
        filled = add(customer_api, product).json()
        assert empty["id"] == empty["_id"] == filled["id"] == filled["_id"]

    def test_it_returns_the_same_as_the_last_change(self, customer_api, product):
        assert add(customer_api, product, 2).json() == customer_api.get(CART).json()

    def test_customers_do_not_see_each_others_carts(self, customer_api, stranger_api, product):
        add(customer_api, product)
        assert stranger_api.get(CART).json()["items"] == []
        remove(stranger_api, product)
        assert lines(customer_api.get(CART)) == [(product.product_id, 1)]


class TestAdding:
    def test_it_creates_a_line_and_adds_to_it(self, customer_api, product, fsck):
        other = factories.product()
        assert lines(add(customer_api, product, 2)) == [(product.product_id, 2)]
        assert lines(add(customer_api, other)) == [(product.product_id, 2), (other.product_id, 1)]
        assert lines(add(customer_api, product, 3)) == [(product.product_id, 5), (other.product_id, 1)]
        fsck()

    def test_the_time_of_the_change_is_returned(self, customer_api, product):
        before = customer_api.get(CART).json()["updated_at"]
        assert add(customer_api, product).json()["updated_at"] > before

    def test_stock_is_not_checked(self, customer_api):
        assert lines(add(customer_api, factories.product(inventory=0), 99))[0][1] == 99

    def test_an_unknown_product_is_not_available(self, customer_api):
        response = customer_api.post(ADD, {"product_id": 12345, "qty": 1})
        refused(response, 404, "Product not available")

    def test_a_hidden_product_is_not_available(self, customer_api):
        refused(add(customer_api, factories.product(is_active=False)), 404, "Product not available")
        assert not Cart.objects.exists()

    def test_a_line_holds_at_most_ninety_nine(self, customer_api, product, fsck):
        assert lines(add(customer_api, product, 99)) == [(product.product_id, 99)]
        refused(add(customer_api, product), 400)
        assert lines(customer_api.get(CART)) == [(product.product_id, 99)]
        fsck()

    @pytest.mark.parametrize(("first", "second"), [(0, 100), (1, 99), (98, 2), (0, 1_000_000)])
    def test_a_full_line_is_refused_and_nothing_changes(self, customer_api, product, first, second):
        if first:
            add(customer_api, product, first)
        refused(add(customer_api, product, second), 400)
        assert [qty for _, qty in lines(customer_api.get(CART))] == [first] * bool(first)

    def test_a_cart_holds_at_most_fifty_products(self, customer, customer_api, product, fsck):
        add(customer_api, product)
        filler = [{"product_id": 10_000 + n, "qty": 1} for n in range(48)]
        cart = Cart.objects.get()
        Cart.objects.filter(pk=cart.pk).update(items=cart.items + [type(cart.items[0])(**x) for x in filler])
        fiftieth, one_more = factories.product(), factories.product()
        assert len(lines(add(customer_api, fiftieth))) == 50
        refused(add(customer_api, one_more), 400)
        assert len(lines(customer_api.get(CART))) == 50
        assert lines(add(customer_api, fiftieth, 2))[-1] == (fiftieth.product_id, 3)
        assert len(lines(remove(customer_api, product))) == 49
        assert len(lines(add(customer_api, one_more))) == 50
        fsck()

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("qty", [0, -1, 1_000_001, 10**30, 1.5, "x", "", None, [], {}, {"$gt": 0}, True, "1e400"]),
            ("product_id", [0, -1, 2**31, 10**30, 1.5, "x", "", None, [], [1], {}, {"$ne": 0}, False]),
        ],
    )
    def test_a_value_that_is_not_a_number_in_range_is_refused(self, customer_api, product, field, values):
        for value in values:
            sent = {"product_id": product.product_id, "qty": 1, field: value}
            refused(customer_api.post(ADD, sent), 400, field=field)
        assert not Cart.objects.exists()

    def test_missing_fields_are_named(self, customer_api):
        assert refused(customer_api.post(ADD, {}), 400)["errors"].keys() == {"product_id", "qty"}

    def test_fields_in_the_body_do_not_select_another_cart(self, customer, stranger, stranger_api, product):
        sent = {"product_id": product.product_id, "qty": 1, "user_id": str(customer.pk), "owner": "u:x"}
        assert stranger_api.post(ADD, sent).json()["user_id"] == str(stranger.pk)
        assert Cart.objects.get().owner == f"u:{stranger.pk}"


class TestRemoving:
    def test_the_whole_line_is_removed(self, customer_api, product, fsck):
        other = factories.product()
        add(customer_api, product, 5)
        add(customer_api, other)
        assert lines(remove(customer_api, product)) == [(other.product_id, 1)]
        assert lines(customer_api.get(CART)) == [(other.product_id, 1)]
        fsck()

    def test_removing_a_missing_line_is_not_an_error(self, customer_api, product):
        add(customer_api, product)
        assert lines(customer_api.post(REMOVE, {"product_id": 12345})) == [(product.product_id, 1)]
        assert lines(remove(customer_api, product)) == []
        assert lines(remove(customer_api, product)) == []

    @pytest.mark.parametrize("gone", ["deleted", "hidden"])
    def test_a_deleted_or_hidden_product_stays_in_the_cart_and_can_be_removed(
        self, customer_api, product, gone
    ):
        add(customer_api, product)
        delete_product(pk=product.pk) if gone == "deleted" else update_product(pk=product.pk, is_active=False)
        assert lines(customer_api.get(CART)) == [(product.product_id, 1)]
        refused(add(customer_api, product), 404, "Product not available")
        assert lines(remove(customer_api, product)) == []

    @pytest.mark.parametrize("value", [0, 2**31, "x", None, {}, [1], 1.5])
    def test_an_invalid_product_id_is_refused(self, customer_api, value):
        refused(customer_api.post(REMOVE, {"product_id": value}), 400, field="product_id")
