"""Reads are cached in Redis, and a change never leaves a stale entry."""

import socket
from time import sleep

import pytest
from django_redis import get_redis_connection

from catalog.models import Product
from catalog.services import delete_product, update_product
from ecommerce.core import cache, redis
from ecommerce.core.cache import entries
from tests.support import factories
from tests.support.answers import refused
from tests.support.valkey import valkey  # noqa: F401  # a fixture

URL = "/api/v1/products"


def read(api, url=URL, **params):
    response = api.get(url, params)
    assert response.status_code == 200
    return response.content


def price(api):
    return api.get(URL).json()[0]["price"]


def keys():
    entries = {key.decode() for key in get_redis_connection().keys("ecommerce:products:*")}
    return entries - {"ecommerce:products:generation", "ecommerce:products:stock"}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("", "list:q=all:skip=0:limit=20"),
        ("?q=", "list:q=all:skip=0:limit=20"),
        ("?q=%20", "list:q=all:skip=0:limit=20"),
        ("?q=laptop", 'list:q="laptop":skip=0:limit=20'),
        ("?q=all", 'list:q="all":skip=0:limit=20'),
        ("?q=laptop&fuzzy=0", 'list:q="laptop":skip=0:limit=20'),
        ("?q=laptop&fuzzy=1", 'list:q="laptop":skip=0:limit=20:fuzzy="1"'),
        ("?fuzzy=1", "list:q=all:skip=0:limit=20"),
        ("?q=laptop&skip=0&limit=10", 'list:q="laptop":skip=0:limit=10'),
        ("?q=a%3Askip%3D5%22*%0A%C3%A9", 'list:q="a%3Askip%3D5%22%2A%0A%C3%A9":skip=0:limit=20'),
        (
            "?sort=price&product_id=1,5&category=A%20B&min_price=1.50",
            'list:q=all:skip=0:limit=20:category="A%20B":min_price="1.50":product_id="1%2C5":sort="price"',
        ),
        ("?in_stock=true&max_price=9", 'list:q=all:skip=0:limit=20:in_stock="True":max_price="9.00"'),
        ("/gaming-laptop-pro", "slug:gaming-laptop-pro"),
    ],
    ids=lambda text: text[:40],
)
@pytest.mark.django_db
def test_redis_keys_are_as_specified(api, path, key):
    factories.product(slug="gaming-laptop-pro")
    assert api.get(URL + path).status_code == 200
    tiers = {"ecommerce:products:tiers:laptop"} if "fuzzy" in key else set()  # what the search has found
    assert keys() == {f"ecommerce:products:{key}", *tiers}


@pytest.mark.parametrize("path", ["", "?q=product", "/some-product"])
@pytest.mark.django_db
def test_a_hit_is_one_round_trip_without_a_database_query(api, path, to_redis, django_assert_num_queries):
    factories.product(slug="some-product")
    first = read(api, URL + path)
    to_redis.clear()
    with django_assert_num_queries(0):
        assert read(api, URL + path) == first
    assert len(to_redis) == 1
    assert b"ecommerce:ratelimit:" in to_redis[0], "the rate limit is in the same round trip"


@pytest.mark.django_db
def test_cached_and_uncached_answers_have_the_same_bytes(api, settings):
    factories.product(name="Ünïcode 😀 </script> \u2028", price="0.10", description='"\\')
    slug = Product.objects.get().slug
    for url in (URL, f"{URL}/{slug}"):
        miss, hit = api.get(url), api.get(url)
        settings.REDIS_ENABLED = False
        uncached = api.get(url)
        settings.REDIS_ENABLED = True
        assert miss.content == hit.content == uncached.content
        assert miss["Content-Type"] == hit["Content-Type"] == "application/json"
        assert miss.get("X-Total-Count") == hit.get("X-Total-Count") == uncached.get("X-Total-Count")


@pytest.mark.django_db
def test_the_total_is_cached_with_the_page(api, product):
    assert [api.get(URL)["X-Total-Count"] for _ in range(2)] == ["1", "1"]


@pytest.mark.django_db
def test_entries_expire_after_the_time_in_the_settings(api, product, settings):
    settings.CACHE_TTL_SECONDS = 77
    read(api)
    (key,) = keys()
    assert 70 < get_redis_connection().ttl(key) <= 77


CHANGES = {
    "the API": lambda product, staff_api: staff_api.patch(
        f"/api/v1/admin/products/{product.pk}", {"price": 1}
    ),
    "the service": lambda product, _: update_product(pk=product.pk, price=1),
    "the admin's save": lambda product, _: Product(**vars_of(product) | {"price": 1}).save(
        update_fields=["price"]
    ),
}


def vars_of(product):
    return {field.attname: getattr(product, field.attname) for field in product._meta.concrete_fields}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_price_change_shows_on_the_next_read(api, staff_api, product, change):
    other = read(api, q="product")
    one = f"{URL}/{product.slug}"
    assert api.get(one).json()["price"] == 79.99
    change(product, staff_api)
    assert price(api) == api.get(one).json()["price"] == 1
    assert read(api, q="product") != other


@pytest.mark.django_db
def test_a_new_and_a_deleted_product_show_on_the_next_read(api, product):
    read(api)
    second = factories.product()
    assert api.get(URL)["X-Total-Count"] == "2"
    read(api, f"{URL}/{second.slug}")
    delete_product(pk=second.pk)
    assert api.get(URL)["X-Total-Count"] == "1"
    refused(api.get(f"{URL}/{second.slug}"), 404)


def test_a_refused_change_does_not_invalidate_entries(api, staff_api, product, django_assert_num_queries):
    read(api)
    refused(staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"inventory_delta": -11}), 400)
    with django_assert_num_queries(0):
        read(api)


class TestSales:
    """A sale may show late: otherwise a flash sale would refill every entry for each sold unit."""

    def sell_one(self, customer, customer_api, product):
        order = factories.order(customer, (product, 1))
        assert customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}").json()["status"] == "paid"

    def stock(self, api):
        return api.get(URL).json()[0]["inventory"]

    def test_a_sale_shows_after_the_grace_period(self, api, customer, customer_api, product, monkeypatch):
        assert self.stock(api) == 10
        self.sell_one(customer, customer_api, product)
        monkeypatch.setattr(entries, "REFILL_S", 0)
        assert self.stock(api) == 9
        assert api.get(f"{URL}/{product.slug}").json()["inventory"] == 9

    def test_an_answer_and_an_entry_that_its_fill_has_read_are_together_a_second_old_at_most(self):
        assert 2 * entries.REFILL_S <= entries.OLDEST_STOCK_S <= 1

    def test_within_the_grace_period_nothing_is_refilled(
        self, api, customer, customer_api, product, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr(entries, "REFILL_S", 600)
        read(api)
        for _ in range(3):
            self.sell_one(customer, customer_api, product)
            with django_assert_num_queries(0):
                read(api)

    def test_a_price_change_within_the_grace_period_shows_at_once(
        self, api, customer, customer_api, product, monkeypatch
    ):
        monkeypatch.setattr(entries, "REFILL_S", 600)
        read(api)
        self.sell_one(customer, customer_api, product)
        update_product(pk=product.pk, price=1)
        product_data = api.get(URL).json()[0]
        assert (product_data["price"], product_data["inventory"]) == (1, 9)

    def test_the_grace_period_starts_before_the_database_query(self, monkeypatch):
        """A slow fill must not extend the grace period."""
        monkeypatch.setattr(entries, "REFILL_S", 0.2)

        def slow_fill():
            sleep(0.25)
            cache.invalidate_stock("products")
            return b"old"

        assert cache.cached("products", "k", slow_fill) == b"old"
        assert cache.cached("products", "k", lambda: b"new") == b"new"


class TestWithoutRedis:
    def test_nothing_is_sent_to_redis_if_it_is_disabled(self, api, staff_api, product, settings, to_redis):
        settings.REDIS_ENABLED = False
        assert price(api) == 79.99
        staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"price": 1})
        assert price(api) == 1
        assert to_redis == []

    def test_nothing_stale_is_served_after_an_outage(self, api, staff_api, product, valkey):  # noqa: F811
        assert [price(api), price(api)] == [79.99, 79.99]
        one = f"{URL}/{product.slug}"
        read(api, one)
        valkey.stop()
        assert price(api) == 79.99
        assert staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"price": 1}).status_code == 200
        assert price(api) == 1
        valkey.start()
        assert price(api) == 1
        self.close_the_breaker()
        assert get_redis_connection().get("ecommerce:products:list:q=all:skip=0:limit=20"), "the data is back"
        assert price(api) == 1
        assert api.get(one).json()["price"] == 1

    def test_other_processes_learn_of_a_change_during_an_outage(self, api, product, valkey):  # noqa: F811
        """They trust the current generation, so the process that could not replace it tries again."""
        read(api)
        before = get_redis_connection().get("ecommerce:products:generation")
        valkey.stop()
        update_product(pk=product.pk, price=1)
        valkey.start()
        for _ in range(100):
            if get_redis_connection().get("ecommerce:products:generation") != before:
                break
            sleep(0.1)
        else:
            pytest.fail("No new generation was set.")

    def test_a_redis_that_does_not_answer_is_not_tried_again_at_once(self, api, product, settings):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
            settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": url}}
            assert price(api) == 79.99
            update_product(pk=product.pk, price=1)
            assert price(api) == 1

    def close_the_breaker(self):
        redis._open_until = 0.0


def test_a_purchase_does_not_depend_on_the_cache(api, customer_api, product):
    """The cache still shows ten when none is left."""
    read(api)
    Product.objects.filter(pk=product.pk).update(inventory=0)
    customer_api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": 1})
    error = refused(customer_api.post("/api/v1/checkout/create-order"), 400)
    assert error["detail"] == f"Item unavailable: product_id {product.product_id}"


def test_the_log_has_five_facts_about_each_read(caplog):
    with caplog.at_level("DEBUG", "shop.cache"):
        cache.cached("products", "k", lambda: b"x")
        cache.cached("products", "k", lambda: b"x")
    lines = [record.getMessage() for record in caplog.records if record.name == "shop.cache"]
    assert [line.split()[0] for line in lines] == ["miss", "hit"]
    assert all(fact in line for line in lines for fact in ("lookup=", "fill=", "store=", "total="))
