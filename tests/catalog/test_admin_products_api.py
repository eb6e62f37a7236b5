import json
from decimal import Decimal

import pytest
from bson import ObjectId

from catalog.models import Product, StockMovement
from catalog.product_fields import product_as_dict
from catalog.services import update_product
from tests.support import factories
from tests.support.answers import refused

URL = "/api/v1/admin/products"
NEW = {
    "product_id": 101,
    "name": "New Product",
    "slug": "new-product",
    "description": "Product description",
    "price": 99.99,
    "image": "https://example.com/image.jpg",
    "inventory": 50,
    "category": "Electronics",
    "is_active": True,
}


def one(product):
    return f"{URL}/{product.pk}"


def raw(api, method, url, body):
    """Send this very text: numbers that no client library would write."""
    return getattr(api, method)(url, body, content_type="application/json")


class TestCreate:
    def test_it_returns_the_stored_product(self, staff_api, fsck):
        response = staff_api.post(URL, NEW)
        assert response.status_code == 201
        assert response.json().items() >= NEW.items()
        assert response.json() == product_as_dict(Product.objects.get())
        fsck()

    def test_the_shop_shows_it_at_once(self, staff_api, api):
        assert api.get("/api/v1/products").json() == []
        refused(api.get("/api/v1/products/new-product"), 404)
        staff_api.post(URL, NEW)
        assert len(api.get("/api/v1/products").json()) == 1
        assert api.get("/api/v1/products/new-product").status_code == 200

    def test_omitted_fields_have_defaults(self, staff_api, fsck):
        response = staff_api.post(URL, {"name": "A", "slug": "a", "price": "5"})
        assert (
            response.json().items()
            >= {
                "product_id": 1,
                "price": 5.0,
                "description": None,
                "image": None,
                "inventory": 0,
                "category": None,
                "is_active": True,
            }.items()
        )
        fsck()

    def test_the_next_free_number_follows_the_highest_ever_used(self, staff_api, fsck):
        created = staff_api.post(URL, NEW).json()
        staff_api.delete(f"{URL}/{created['id']}")
        again = staff_api.post(URL, {"name": "A", "slug": "a", "price": 5})
        assert again.json()["product_id"] == 102
        fsck()

    def test_there_is_no_free_number_after_the_highest_possible_one(self, staff_api, fsck):
        assert staff_api.post(URL, NEW | {"product_id": 2**31 - 1}).status_code == 201
        refused(staff_api.post(URL, {"name": "A", "slug": "a", "price": 5}), 400, field="product_id")
        assert Product.objects.count() == 1
        fsck()

    def test_a_free_number_may_still_be_given_after_the_highest_possible_one(self, staff_api, fsck):
        staff_api.post(URL, NEW | {"product_id": 2**31 - 1})
        assert staff_api.post(URL, NEW | {"slug": "a", "product_id": 7}).status_code == 201
        fsck()

    @pytest.mark.parametrize("null", ["description", "image", "category"])
    def test_some_fields_may_be_null(self, staff_api, null):
        response = staff_api.post(URL, NEW | {null: None})
        assert response.status_code == 201
        assert response.json()[null] is None

    @pytest.mark.parametrize(
        "price", [0.01, "0.01", 1, "1", 9999999.99, "9999999.99", 19.9, 1e2, "1e2", 2499.99]
    )
    def test_a_price_is_a_number_or_a_text(self, staff_api, price):
        response = staff_api.post(URL, NEW | {"price": price})
        assert response.status_code == 201
        assert response.json()["price"] == float(price)
        assert Product.objects.get().price == Decimal(str(price))

    def test_unknown_and_read_only_fields_are_ignored(self, staff_api):
        sent = {"id": "x", "_id": {"$ne": 1}, "created_at": "1999-01-01", "on_hold": 5, "$set": {"price": 1}}
        response = staff_api.post(URL, NEW | sent)
        assert response.status_code == 201
        assert ObjectId.is_valid(response.json()["id"])
        assert not response.json()["created_at"].startswith("1999")

    def test_a_number_with_the_decimal_places_zero_is_whole(self, staff_api):
        assert raw(staff_api, "post", URL, json.dumps(NEW)[:-1] + ', "inventory": 5.0}').status_code == 201


class TestDuplicates:
    def test_a_slug_is_unique(self, staff_api, fsck):
        staff_api.post(URL, NEW)
        refused(staff_api.post(URL, NEW | {"product_id": 102}), 400, "Slug already exists", field="slug")
        fsck()

    def test_a_product_id_is_unique(self, staff_api, fsck):
        staff_api.post(URL, NEW)
        response = staff_api.post(URL, NEW | {"slug": "other"})
        refused(response, 400, "Product ID already exists", field="product_id")
        fsck()

    @pytest.mark.parametrize("field", ["slug", "product_id"])
    def test_a_change_cannot_take_the_unique_value_of_another_product(self, staff_api, field, fsck):
        first, second = factories.product(), factories.product()
        refused(
            staff_api.patch(one(second), {field: getattr(first, field), "inventory": 77}), 400, field=field
        )
        second.refresh_from_db()
        assert (getattr(second, field) != getattr(first, field), second.inventory) == (True, 10)
        fsck()

    def test_a_refused_creation_stores_nothing(self, staff_api):
        staff_api.post(URL, NEW)
        staff_api.post(URL, NEW | {"product_id": 102})
        assert Product.objects.count() == StockMovement.objects.count() == 1


BAD = [
    ("product_id", "0"),
    ("product_id", "-1"),
    ("product_id", "2147483648"),
    ("product_id", "1e400"),
    ("product_id", "9" * 30),
    ("product_id", "9" * 4000),
    ("product_id", "1.5"),
    ("product_id", '"x"'),
    ("product_id", "null"),
    ("product_id", "true"),
    ("product_id", "{}"),
    ("product_id", '{"$gt": 0}'),
    ("product_id", "[1]"),
    ("name", '""'),
    ("name", '"   "'),
    ("name", f'"{"x" * 201}"'),
    ("name", "null"),
    ("name", "{}"),
    ("name", "[]"),
    ("name", "true"),
    ("name", "1.5"),
    ("name", '"nul\\u0000"'),
    ("name", '"\\ud800"'),
    ("slug", '""'),
    ("slug", '"a b"'),
    ("slug", '"a/b"'),
    ("slug", '"[x]"'),
    ("slug", '"a_b"'),
    ("slug", '"ä"'),
    ("slug", '"a\\nb"'),
    ("slug", f'"{"x" * 201}"'),
    ("slug", "null"),
    ("slug", "{}"),
    ("price", "0"),
    ("price", "0.0"),
    ("price", "0.001"),
    ("price", "-1"),
    ("price", "19.999"),
    ("price", '"19.999"'),
    ("price", "0.009999999999999999999999999999999999"),
    ("price", "10000000"),
    ("price", "9999999.991"),
    ("price", "1e400"),
    ("price", '"1e400"'),
    ("price", "1e-400"),
    ("price", "1e99999999999999999999"),
    ("price", '"1e99999999999999999999"'),
    ("price", "9" * 400),
    ("price", '"NaN"'),
    ("price", '"sNaN"'),
    ("price", '"Infinity"'),
    ("price", '"-inf"'),
    ("price", '"free"'),
    ("price", '""'),
    ("price", "null"),
    ("price", "true"),
    ("price", "{}"),
    ("price", "[5]"),
    ("price", '{"$numberDecimal": "5"}'),
    ("compare_at_price", "0"),
    ("compare_at_price", "1e400"),
    ("compare_at_price", "5.555"),
    ("inventory", "-1"),
    ("inventory", "1000001"),
    ("inventory", "1e400"),
    ("inventory", "9" * 30),
    ("inventory", "1.5"),
    ("inventory", "null"),
    ("inventory", '"many"'),
    ("inventory", "{}"),
    ("inventory", "[]"),
    ("image", '"javascript:alert(1)"'),
    ("image", '"data:image/png;base64,x"'),
    ("image", '"ftp://example.com/x"'),
    ("image", '"/etc/passwd"'),
    ("image", '"x"'),
    ("image", '"http://testserver/a b.png"'),
    ("image", '"http://testserver/\\u0000.png"'),
    ("image", '"http://"'),
    ("image", '"http://[::1"'),
    ("image", '"http://\\ud800.example.com"'),
    ("image", "5"),
    ("image", "{}"),
    ("image", f'"https://example.com/{"x" * 2000}"'),
    ("category", f'"{"x" * 101}"'),
    ("category", "{}"),
    ("category", "[]"),
    ("category", '"\\u0000"'),
    ("description", f'"{"x" * 20_001}"'),
    ("description", "{}"),
    ("description", '"\\udfff"'),
    ("is_active", '"perhaps"'),
    ("is_active", "null"),
    ("is_active", "{}"),
    ("is_active", "[true]"),
    ("is_active", "2"),
]


@pytest.mark.parametrize("field", dict.fromkeys(field for field, _ in BAD))
def test_an_invalid_value_is_refused_in_a_new_product_and_in_a_change(staff_api, product, field):
    others = json.dumps({name: NEW[name] for name in NEW if name != field})[:-1]
    for value in (value for name, value in BAD if name == field):
        refused(raw(staff_api, "post", URL, f'{others}, "{field}": {value}}}'), 400, field=field)
        refused(raw(staff_api, "patch", one(product), f'{{"{field}": {value}}}'), 400, field=field)
    assert [product_as_dict(found) for found in Product.objects.all()] == [product_as_dict(product)]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_a_json_number_is_refused(staff_api, value):
    body = json.dumps(NEW)[:-1] + f', "price": {value}}}'
    refused(raw(staff_api, "post", URL, body), 400, "The body is not valid JSON.")


def test_a_missing_field_is_named(staff_api):
    assert refused(staff_api.post(URL, {}), 400)["errors"].keys() == {"name", "slug", "price"}


class TestChange:
    @pytest.mark.parametrize(
        ("field", "value"), [("name", "Other"), ("price", 5.5), ("category", None), ("is_active", False)]
    )
    def test_it_changes_only_the_given_field(self, staff_api, product, field, value, fsck):
        response = staff_api.patch(one(product), {field: value})
        assert response.status_code == 200
        assert response.json() == product_as_dict(product) | {field: value}
        fsck()

    @pytest.mark.parametrize(
        "image",
        [None, "img/products/gaming-laptop-pro.svg", "https://example.com/x.png"],
        ids=["none", "ours", "elsewhere"],
    )
    @pytest.mark.parametrize(
        "public_url", ["http://localhost:8000", "http://shop", "https://shop.example:8443"]
    )
    def test_a_product_can_be_posted_back_as_it_was_read(self, staff_api, image, public_url, settings, fsck):
        settings.PUBLIC_URL = public_url
        product = factories.product(image=image, category="Electronics", description=" kept \n as it is ")
        read = staff_api.get(f"/api/v1/products/{product.slug}").json()
        response = staff_api.patch(one(product), read)
        assert response.status_code == 200, response.content
        assert response.json() == read
        assert Product.objects.get().image == image
        fsck()

    def test_an_edited_body_posted_back_changes_only_the_edited_field(self, staff_api, product):
        read = staff_api.get(f"/api/v1/products/{product.slug}").json()
        read |= {"name": "Updated Product Name", "image": "https://example.com/new.png"}
        assert staff_api.patch(one(product), read).json() == read

    def test_an_empty_body_changes_nothing(self, staff_api, product):
        assert staff_api.patch(one(product), {}).json() == product_as_dict(product)

    def test_a_product_may_keep_its_own_slug_and_number(self, staff_api, product):
        body = {"slug": product.slug, "product_id": product.product_id}
        assert staff_api.patch(one(product), body).status_code == 200

    def test_a_hidden_product_can_be_changed(self, staff_api, api):
        hidden = factories.product(is_active=False)
        staff_api.patch(one(hidden), {"is_active": True})
        assert api.get(f"/api/v1/products/{hidden.slug}").status_code == 200

    def test_only_the_new_slug_is_found_after_a_change(self, staff_api, api, product):
        assert api.get(f"/api/v1/products/{product.slug}").status_code == 200
        staff_api.patch(one(product), {"slug": "another"})
        assert api.get("/api/v1/products/another").status_code == 200
        refused(api.get(f"/api/v1/products/{product.slug}"), 404)

    def test_a_price_change_and_a_sale_do_not_overwrite_each_other(self, staff_api, product, fsck):
        update_product(pk=product.pk, inventory_delta=-3)
        staff_api.patch(one(product), {"price": 1})
        assert Product.objects.get().inventory == 7
        fsck()


class TestStock:
    @pytest.mark.parametrize("level", [0, 3, 10, 1_000_000])
    def test_inventory_sets_the_stock_and_records_the_difference(self, staff_api, product, level, fsck):
        assert staff_api.patch(one(product), {"inventory": level}).json()["inventory"] == level
        moved = list(StockMovement.objects.filter(reason="adjustment").values_list("quantity", flat=True))
        assert moved == ([level - 10] if level != 10 else [])
        fsck()

    @pytest.mark.parametrize(("delta", "stock"), [(5, 15), (-10, 0), (0, 10), ("3", 13)])
    def test_a_delta_adds_to_the_stock(self, staff_api, product, delta, stock, fsck):
        assert staff_api.patch(one(product), {"inventory_delta": delta}).json()["inventory"] == stock
        fsck()

    @pytest.mark.parametrize("delta", [-11, 999_991, 1_000_000, -1_000_000, 10**30, 1.5, "x", None, {}])
    def test_a_delta_out_of_range_changes_nothing(self, staff_api, product, delta, fsck):
        body = {"inventory_delta": delta, "name": "Changed"}
        refused(staff_api.patch(one(product), body), 400, field="inventory_delta")
        assert product_as_dict(Product.objects.get()) == product_as_dict(product)
        fsck()

    def test_it_takes_inventory_or_a_delta_but_not_both(self, staff_api, product):
        refused(staff_api.patch(one(product), {"inventory": 1, "inventory_delta": 1}), 400)


class TestDelete:
    def test_it_names_the_deleted_product(self, staff_api, product, fsck):
        response = staff_api.delete(one(product))
        assert response.status_code == 200
        assert response.json() == {
            "message": response.json()["message"],
            "product_id": product.product_id,
            "slug": product.slug,
            "name": product.name,
        }
        fsck()

    def test_a_deleted_product_is_not_found(self, staff_api, product):
        staff_api.delete(one(product))
        refused(staff_api.delete(one(product)), 404, "Product not found")

    def test_it_disappears_from_the_shop_at_once(self, staff_api, api, product):
        assert len(api.get("/api/v1/products").json()) == 1
        staff_api.delete(one(product))
        assert api.get("/api/v1/products").json() == []
        refused(api.get(f"/api/v1/products/{product.slug}"), 404)

    def test_its_slug_and_number_are_free_again(self, staff_api, product, fsck):
        staff_api.delete(one(product))
        assert (
            staff_api.post(URL, NEW | {"slug": product.slug, "product_id": product.product_id}).status_code
            == 201
        )
        fsck()

    def test_orders_keep_their_snapshot(self, staff_api, customer, customer_api, product, fsck):
        order = factories.order(customer, (product, 2))
        staff_api.delete(one(product))
        assert customer_api.get(f"/api/v1/orders/{order.pk}").json() == order.as_dict()
        fsck()


IDS = [
    "5f5f5f5f5f5f5f5f5f5f5f5f",
    "1",
    "x",
    "%00",
    "%ff",
    "$ne",
    "x" * 2000,
    "[x]",
    "5f5f5f5f5f5f5f5f5f5f5f5g",
]


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_an_unknown_or_malformed_id_is_not_found(staff_api, product, method):
    for pk in IDS:
        refused(getattr(staff_api, method)(f"{URL}/{pk}", {"name": "Changed"}), 404, "Product not found")
    assert Product.objects.get().name == product.name


@pytest.mark.parametrize("body", ["[]", '"x"', "5", "null", "true", "[{}]"])
def test_a_body_that_is_not_an_object_is_refused(staff_api, product, body):
    refused(raw(staff_api, "post", URL, body), 400)
    refused(raw(staff_api, "patch", one(product), body), 400)
