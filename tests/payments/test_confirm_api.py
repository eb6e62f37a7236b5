import pytest
from bson import ObjectId

from catalog.models import Product, StockMovement
from catalog.services import delete_product, update_product
from orders.models import Order
from tests.support import factories
from tests.support.answers import refused

URL = "/api/v1/payments/confirm"


def confirm(api, order, outcome=None):
    pk = getattr(order, "pk", order)
    return api.post(f"{URL}?order_id={pk}" + (f"&outcome={outcome}" if outcome is not None else ""))


def stock(product):
    return Product.objects.values_list("inventory", flat=True).get(pk=product.pk)


def status(order):
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


@pytest.mark.parametrize(
    ("outcome", "expected", "stock_left"),
    [
        (None, "paid", 7),
        ("success", "paid", 7),
        ("", "paid", 7),
        ("failure", "failed", 10),
        ("canceled", "canceled", 10),
    ],
)
def test_the_outcome_settles_the_order(customer_api, product, order, outcome, expected, stock_left, fsck):
    response = confirm(customer_api, order, outcome)
    assert response.status_code == 200
    assert response.json() == {"order_id": str(order.pk), "status": expected}
    assert (status(order), stock(product)) == (expected, stock_left)
    fsck()


@pytest.mark.parametrize("first", ["success", "failure", "canceled"])
@pytest.mark.parametrize("second", ["success", "failure", "canceled"])
def test_a_final_order_is_returned_unchanged(customer_api, product, order, first, second, fsck):
    settled = confirm(customer_api, order, first).json()
    repeated = confirm(customer_api, order, second)
    assert (repeated.status_code, repeated.json()) == (200, settled)
    assert stock(product) == (7 if first == "success" else 10)
    fsck()


def test_paying_takes_the_stock_of_each_item_once(customer, customer_api, fsck):
    products = [factories.product(inventory=5) for _ in range(3)]
    order = factories.order(customer, *((product, n) for n, product in enumerate(products, 1)))
    confirm(customer_api, order)
    confirm(customer_api, order)
    assert [stock(product) for product in products] == [4, 3, 2]
    assert StockMovement.objects.filter(order=order.pk).count() == 3
    fsck()


class TestInsufficientStock:
    def test_the_order_fails_and_the_message_names_the_product(self, customer_api, product, order, fsck):
        update_product(pk=product.pk, inventory=2)
        response = confirm(customer_api, order)
        refused(response, 400, f"Insufficient inventory for product {product.name}")
        assert (status(order), stock(product)) == ("failed", 2)
        fsck()

    def test_the_order_stays_failed_when_new_stock_arrives(self, customer_api, product, order, fsck):
        update_product(pk=product.pk, inventory=2)
        confirm(customer_api, order)
        update_product(pk=product.pk, inventory=50)
        response = confirm(customer_api, order)
        assert (response.status_code, response.json()["status"]) == (200, "failed")
        fsck()

    def test_no_stock_is_taken_if_one_of_several_products_is_short(self, customer, customer_api, fsck):
        products = [factories.product(inventory=5) for _ in range(3)]
        order = factories.order(customer, *((product, 2) for product in products))
        update_product(pk=products[1].pk, inventory=1)
        refused(confirm(customer_api, order), 400, f"Insufficient inventory for product {products[1].name}")
        assert [stock(product) for product in products] == [5, 1, 5]
        fsck()

    def test_the_last_one_is_sold_once(self, customer, customer_api, stranger, stranger_api, fsck):
        product = factories.product(inventory=1)
        first = factories.order(customer, (product, 1))
        second = factories.order(stranger, (product, 1))
        assert confirm(customer_api, first).json()["status"] == "paid"
        refused(confirm(stranger_api, second), 400)
        assert stock(product) == 0
        fsck()

    @pytest.mark.parametrize("change", ["deleted", "hidden"])
    def test_a_deleted_or_hidden_product_has_insufficient_stock(
        self, customer_api, product, order, change, fsck
    ):
        if change == "deleted":
            delete_product(pk=product.pk)
        else:
            update_product(pk=product.pk, is_active=False)
        refused(confirm(customer_api, order), 400, f"Insufficient inventory for product {product.name}")
        assert status(order) == "failed"
        fsck()

    @pytest.mark.parametrize("outcome", ["failure", "canceled"])
    def test_an_order_of_a_deleted_product_can_still_fail_or_be_canceled(
        self, customer_api, product, order, outcome
    ):
        delete_product(pk=product.pk)
        assert confirm(customer_api, order, outcome).status_code == 200


def test_a_later_price_change_does_not_affect_the_order(customer_api, product, order, fsck):
    update_product(pk=product.pk, price="1.00")
    assert confirm(customer_api, order).status_code == 200
    assert customer_api.get(f"/api/v1/orders/{order.pk}").json()["total"] == 239.97
    fsck()


@pytest.mark.parametrize("outcome", ["paid", "SUCCESS", "failed", "x" * 2000, "%00", "success,failure"])
def test_any_other_outcome_is_refused(customer_api, order, outcome):
    refused(confirm(customer_api, order, outcome), 400, field="outcome")
    assert status(order) == "pending"


def test_the_order_of_another_customer_is_not_found(stranger_api, staff_api, order):
    for api in (stranger_api, staff_api):
        refused(confirm(api, order), 404, "Order not found")
    assert status(order) == "pending"


@pytest.mark.parametrize(
    "pk",
    [ObjectId("5f5f5f5f5f5f5f5f5f5f5f5f"), "x", "1", "$ne", "5f5f5f5f5f5f5f5f5f5f5f5g", "%ff", "9" * 2000],
    ids=lambda pk: str(pk)[:24],
)
def test_an_unknown_or_malformed_id_is_not_found(customer_api, order, pk):
    refused(confirm(customer_api, pk), 404, "Order not found")


def test_the_order_id_is_required(customer_api, order):
    refused(customer_api.post(URL), 400, field="order_id")
    refused(customer_api.post(URL, {"order_id": str(order.pk)}), 400, field="order_id")
    refused(confirm(customer_api, "%00"), 400, field="order_id")


@pytest.mark.parametrize("outcome", ["success", "failure", "canceled"])
def test_without_a_provider_nothing_is_settled(customer_api, product, order, settings, outcome):
    settings.PAYMENT_PROVIDER = "none"
    refused(confirm(customer_api, order, outcome), 409, "Payments are not enabled")
    assert (status(order), stock(product)) == ("pending", 10)


def test_the_product_shows_the_reduced_stock(api, customer_api, product, order, monkeypatch):
    monkeypatch.setattr("ecommerce.core.cache.entries.REFILL_S", 0)
    assert api.get(f"/api/v1/products/{product.slug}").json()["inventory"] == 10
    confirm(customer_api, order)
    assert api.get(f"/api/v1/products/{product.slug}").json()["inventory"] == 7
