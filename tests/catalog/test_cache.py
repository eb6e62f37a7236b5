"""Reads come from Redis where they can, and never from what a change has made old."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from django_redis import get_redis_connection
from redis.connection import AbstractConnection

from catalog.models import Product
from catalog.services import delete_product, update_product
from ecommerce.core import cache, redis
from ecommerce.core.cache import entries, stamps
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


@pytest.fixture
def sent(monkeypatch):
    """What is sent to Redis: one entry a round trip."""
    packets = []
    send = AbstractConnection.send_packed_command

    def spy(self, command, check_health=True):
        packets.append(b"".join(command) if isinstance(command, list) else command)
        return send(self, command, check_health)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", spy)
    return packets


def keys():
    found = {key.decode() for key in get_redis_connection().keys("ecommerce:products:*")}
    return found - {"ecommerce:products:generation", "ecommerce:products:stock"}


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
def test_keys_in_redis_read_as_specified(api, path, key):
    factories.product(slug="gaming-laptop-pro")
    assert api.get(URL + path).status_code == 200
    assert keys() == {f"ecommerce:products:{key}"}


@pytest.mark.parametrize("path", ["", "?q=product", "/some-product"])
@pytest.mark.django_db
def test_a_hit_is_one_round_trip_and_leaves_the_database_alone(api, path, sent, django_assert_num_queries):
    factories.product(slug="some-product")
    first = read(api, URL + path)
    sent.clear()
    with django_assert_num_queries(0):
        assert read(api, URL + path) == first
    assert len(sent) == 1
    assert b"INCR" in sent[0], "the rate limit rides in the same round trip"
    assert b"MGET" in sent[0]


@pytest.mark.django_db
def test_the_cached_answer_is_byte_for_byte_the_uncached_one(api, settings):
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
def test_the_total_is_kept_with_the_page(api, product):
    assert [api.get(URL)["X-Total-Count"] for _ in range(2)] == ["1", "1"]


@pytest.mark.django_db
def test_entries_live_as_long_as_the_settings_say(api, product, settings):
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


def test_a_refused_change_leaves_the_entries_alone(api, staff_api, product, django_assert_num_queries):
    read(api)
    refused(staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"inventory_delta": -11}), 400)
    with django_assert_num_queries(0):
        read(api)


class TestSales:
    """A sale need not show at once: a flash sale would fill every entry anew for each unit."""

    def sell_one(self, customer, customer_api, product):
        order = factories.order(customer, (product, 1))
        assert customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}").json()["status"] == "paid"

    def stock(self, api):
        return api.get(URL).json()[0]["inventory"]

    def test_a_sale_shows_after_the_grace(self, api, customer, customer_api, product, monkeypatch):
        assert self.stock(api) == 10
        self.sell_one(customer, customer_api, product)
        monkeypatch.setattr(entries, "STOCK_GRACE_S", 0)
        assert self.stock(api) == 9
        assert api.get(f"{URL}/{product.slug}").json()["inventory"] == 9

    def test_the_grace_is_half_a_second(self):
        assert entries.STOCK_GRACE_S <= 0.5

    def test_within_the_grace_nothing_is_filled_anew(
        self, api, customer, customer_api, product, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr(entries, "STOCK_GRACE_S", 600)
        read(api)
        for _ in range(3):
            self.sell_one(customer, customer_api, product)
            with django_assert_num_queries(0):
                read(api)

    def test_a_price_change_within_the_grace_shows_at_once(
        self, api, customer, customer_api, product, monkeypatch
    ):
        monkeypatch.setattr(entries, "STOCK_GRACE_S", 600)
        read(api)
        self.sell_one(customer, customer_api, product)
        update_product(pk=product.pk, price=1)
        found = api.get(URL).json()[0]
        assert (found["price"], found["inventory"]) == (1, 9)

    def test_the_grace_counts_from_before_the_database_was_asked(self, monkeypatch):
        """A fill that takes long may not add its own length to the age of what it read."""
        monkeypatch.setattr(entries, "STOCK_GRACE_S", 0.2)

        def slow_fill():
            sleep(0.25)
            cache.invalidate_stock("products")
            return b"old"

        assert cache.cached("products", "k", slow_fill) == b"old"
        assert cache.cached("products", "k", lambda: b"new") == b"new"


class TestGenerations:
    def test_a_slow_filler_that_began_before_a_change_does_not_serve_the_old_answer_after_it(self):
        def fill_while_it_changes():
            cache.invalidate("products")  # acknowledged while this filler still holds what it read
            return b"old"

        cache.cached("products", "k", fill_while_it_changes)
        assert cache.cached("products", "k", lambda: b"new") == b"new"

    def test_the_negative_control_an_entry_without_a_change_is_served(self):
        cache.cached("products", "k", lambda: b"old")
        assert cache.cached("products", "k", lambda: b"new") == b"old"

    def test_a_redis_that_was_emptied_begins_a_generation(self):
        cache.cached("products", "k", lambda: b"old")
        get_redis_connection().flushdb()
        assert cache.cached("products", "k", lambda: b"new") == b"new"
        assert cache.cached("products", "k", lambda: b"newer") == b"new"

    def test_an_entry_outlives_no_lost_generation(self):
        """Redis may evict any key, the generation too."""
        cache.cached("products", "k", lambda: b"old")
        get_redis_connection().delete("ecommerce:products:generation")
        assert cache.cached("products", "k", lambda: b"new") == b"new"

    def test_a_new_process_trusts_nothing_it_finds(self):
        """It may be the one that replaces a process killed between its commit and its stamp."""
        cache.cached("products", "k", lambda: b"old")
        stamps._trusted.clear()  # as in a process that has just started
        assert cache.cached("products", "k", lambda: b"new") == b"new"

    @pytest.mark.parametrize("junk", [b"", b"x", b"\n", b"a b c\nold", b"  \nold", b"\xff\n"])
    def test_an_entry_that_nobody_here_wrote_is_filled_anew(self, junk):
        cache.cached("products", "k", lambda: b"old")
        get_redis_connection().set("ecommerce:products:k", junk)
        assert cache.cached("products", "k", lambda: b"new") == b"new"


class TestOneFiller:
    def test_of_several_misses_at_once_one_fills(self):
        fills, barrier = [], threading.Barrier(8)

        def fill():
            fills.append(1)
            sleep(0.2)
            return b"filled"

        def miss():
            barrier.wait(10)
            return cache.cached("products", "k", fill)

        with ThreadPoolExecutor(8) as pool:
            answers = [future.result(20) for future in [pool.submit(miss) for _ in range(8)]]
        assert set(answers) == {b"filled"}
        assert len(fills) == 1

    def test_when_the_filler_fails_the_others_do_not_wait_in_vain(self, monkeypatch):
        """An unknown slug, asked for by many at once, would hold each of them up."""
        monkeypatch.setattr(entries, "WAIT_S", 600)
        monkeypatch.setattr(entries, "FILL_LOCK_MS", 600_000)
        filling, fail = threading.Event(), threading.Event()

        def failing_fill():
            filling.set()
            fail.wait(10)
            raise LookupError

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(cache.cached, "products", "k", failing_fill)
            assert filling.wait(10)
            second = pool.submit(cache.cached, "products", "k", lambda: b"filled")
            sleep(0.1)
            fail.set()
            assert second.result(20) == b"filled"
            with pytest.raises(LookupError):
                first.result(20)

    def test_a_filler_that_was_killed_is_not_waited_for_for_ever(self, monkeypatch):
        monkeypatch.setattr(entries, "WAIT_S", 0.1)
        get_redis_connection().set("ecommerce:products:k:filling", "1")
        assert cache.cached("products", "k", lambda: b"filled") == b"filled"

    def test_a_filler_frees_only_the_lock_that_is_its_own(self, monkeypatch):
        """One so slow that its lock ran out may not free the lock of the next one."""
        redis_client = get_redis_connection()

        def slow_fill():
            redis_client.set("ecommerce:products:k:filling", "of the next one")
            return b"filled"

        cache.cached("products", "k", slow_fill)
        assert redis_client.get("ecommerce:products:k:filling") == b"of the next one"


class TestWithoutRedis:
    def test_switched_off_nothing_is_sent_to_it(self, api, staff_api, product, settings, sent):
        settings.REDIS_ENABLED = False
        assert price(api) == 79.99
        staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"price": 1})
        assert price(api) == 1
        assert sent == []

    def test_stopped_the_shop_goes_on_and_back_nothing_old_is_served(self, api, staff_api, product, valkey):  # noqa: F811
        assert [price(api), price(api)] == [79.99, 79.99]
        one = f"{URL}/{product.slug}"
        read(api, one)
        valkey.stop()
        assert price(api) == 79.99
        assert staff_api.patch(f"/api/v1/admin/products/{product.pk}", {"price": 1}).status_code == 200
        assert price(api) == 1
        valkey.start()
        assert price(api) == 1
        self.forget_the_break()
        assert get_redis_connection().get("ecommerce:products:list:q=all:skip=0:limit=20"), "the data is back"
        assert price(api) == 1
        assert api.get(one).json()["price"] == 1

    def test_a_change_made_meanwhile_reaches_processes_that_noticed_nothing(self, api, product, valkey):  # noqa: F811
        """They trust the generation they find, so the one that could not set it goes on trying."""
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

    def test_silent_it_is_left_alone(self, api, product, settings):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
            settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": url}}
            assert price(api) == 79.99
            update_product(pk=product.pk, price=1)
            assert price(api) == 1

    def forget_the_break(self):
        redis._open_until = 0.0


def test_no_purchase_is_decided_from_the_cache(api, customer_api, product):
    """Redis still shows ten when the last one is gone."""
    read(api)
    Product.objects.filter(pk=product.pk).update(inventory=0)
    customer_api.post("/api/v1/cart/add", {"product_id": product.product_id, "qty": 1})
    answer = refused(customer_api.post("/api/v1/checkout/create-order"), 400)
    assert answer["detail"] == f"Item unavailable: product_id {product.product_id}"


def test_the_log_tells_five_facts_of_each_read(caplog):
    with caplog.at_level("DEBUG", "shop.cache"):
        cache.cached("products", "k", lambda: b"x")
        cache.cached("products", "k", lambda: b"x")
    lines = [record.getMessage() for record in caplog.records if record.name == "shop.cache"]
    assert [line.split()[0] for line in lines] == ["miss", "hit"]
    assert all(fact in line for line in lines for fact in ("lookup=", "fill=", "store=", "total="))
