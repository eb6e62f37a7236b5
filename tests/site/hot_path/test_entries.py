"""Hits take one round trip, and no entry outlives a change."""

from collections import Counter
from decimal import Decimal

import pytest
from django.test import Client

from cart.services import add_item
from catalog import stock
from catalog.services import update_product
from ecommerce.core.cache import entries
from ecommerce.core.web.http import SHARED_ANSWER
from ecommerce.site.hot_path import public_reads, release
from tests.support.api_clients import api_of
from tests.support.naive_caches import delete_entries

READS = (
    "/",
    "/products/",
    "/categories/light/",
    "/products/lamp/",
    "/api/v1/products",
    "/api/v1/products/lamp",
)
PRICE = {"/products/lamp/": "$49.90", "/api/v1/products/lamp": "49.9"}


def cookies_of(user) -> str:
    browser = Client()
    browser.force_login(user)
    return f"sessionid={browser.cookies['sessionid'].value}"


@pytest.mark.parametrize("url", READS)
def test_a_hit_is_one_round_trip_without_django_and_the_database(
    get, django, lamp, to_redis, url, django_assert_num_queries
):
    first = get(url)
    django.requests.clear()
    to_redis.clear()
    with django_assert_num_queries(0):
        assert get(url).status == first.status == "200 OK"
    assert (len(to_redis), django.requests) == (1, [])


@pytest.mark.parametrize("url", READS)
def test_so_is_that_of_a_customer_with_a_cart(
    get, django, lamp, customer, to_redis, url, django_assert_num_queries
):
    add_item(user=customer, product_id=lamp.product_id, qty=2)
    caller = {"HTTP_COOKIE": cookies_of(customer)}
    if url.startswith("/api/"):
        caller = {"HTTP_AUTHORIZATION": api_of(customer)._credentials["HTTP_AUTHORIZATION"]}
    for _ in range(2):
        get(url, **caller)
    django.requests.clear()
    to_redis.clear()
    with django_assert_num_queries(0):
        get(url, **caller)
    assert (len(to_redis), django.requests) == (1, [])


@pytest.mark.parametrize("url", PRICE)
def test_a_changed_price_is_never_stale(get, lamp, url):
    assert PRICE[url] in get(url).text
    update_product(pk=str(lamp.pk), price=Decimal("12.34"))
    text = get(url).text
    assert PRICE[url] not in text
    assert "12.34" in text


@pytest.mark.parametrize("url", READS)
def test_a_change_while_an_answer_is_made_is_not_lost(hot, get, lamp, monkeypatch, url):
    """The first request reads the old price, then the price changes, and only then the answer is stored."""
    django, changes = hot.django, [Decimal("12.34")]

    def change_after_reading(environ, start_response):
        response = django(environ, start_response)
        if changes:
            update_product(pk=str(lamp.pk), price=changes.pop())
        return response

    hot.django = change_after_reading
    assert "49.9" in get(url).text
    assert "12.34" in get(url).text


@pytest.mark.parametrize("url", READS)
def test_control_an_entry_that_is_deleted_is_stored_again_with_the_old_price(
    hot, get, lamp, monkeypatch, url
):
    monkeypatch.setattr("catalog.cache.cache.invalidate", delete_entries)
    test_a_change = test_a_change_while_an_answer_is_made_is_not_lost
    with pytest.raises(AssertionError):
        test_a_change(hot, get, lamp, monkeypatch, url)


@pytest.mark.parametrize("url", ["/products/lamp/", "/api/v1/products/lamp"])
def test_stock_that_is_old_enough_is_read_again(get, lamp, monkeypatch, url):
    """An answer is not made from another entry that is as old."""
    get("/products/")
    get(url)
    stock.adjust(lamp.pk, change=-7)
    monkeypatch.setattr(entries, "REFILL_S", 0)
    text = get(url).text
    assert "Only 3 left" in text or '"inventory":3' in text


def test_the_answers_of_another_release_are_not_served(get, django, lamp, monkeypatch):
    get("/")
    monkeypatch.setattr(release, "FOLDERS", ("catalog",))
    release.release.cache_clear()
    public_reads._public_read_at.cache_clear()
    try:
        django.requests.clear()
        get("/")
        assert len(django.requests) == 1
    finally:
        monkeypatch.undo()
        release.release.cache_clear()
        public_reads._public_read_at.cache_clear()


def test_a_request_is_counted_once_against_its_rate(get, lamp, settings):
    settings.PRODUCT_RATE_LIMIT = settings.PRODUCT_RATE_LIMIT.parse("3/m")
    urls = ["/api/v1/products", "/api/v1/products", "/api/v1/products/lamp", "/api/v1/products/lamp"]
    replies = [get(url, REMOTE_ADDR="198.51.100.7") for url in urls]
    assert [reply.status[:3] for reply in replies] == ["200", "200", "200", "429"]
    assert replies[-1].header("Retry-After")
    assert get("/api/v1/products", REMOTE_ADDR="198.51.100.8").status == "200 OK"


def test_without_redis_the_answers_are_the_same(get, lamp, settings):
    def answer(url: str) -> tuple[str, str, str]:
        reply = get(url, HTTP_ACCEPT_ENCODING="gzip")
        return reply.status, reply.header("ETag"), reply.header("Content-Encoding")

    urls = [url for url in READS if url != "/products/lamp/"]  # its secret differs each time
    stored = [answer(url) for url in urls for _ in range(2)]
    settings.REDIS_ENABLED = False
    assert [answer(url) for url in urls for _ in range(2)] == stored


@pytest.mark.parametrize("url", READS)
def test_a_client_that_has_the_answer_gets_304(get, lamp, url):
    tags = Counter[str]()
    secret = {"HTTP_COOKIE": f"csrftoken={'a' * 32}"}
    for encoding in ("gzip", "identity"):
        first = get(url, HTTP_ACCEPT_ENCODING=encoding, **secret)
        tag = first.header("ETag")
        tags[tag] += 1
        assert tag.startswith('"'), "a strong one"
        caller = {"HTTP_ACCEPT_ENCODING": encoding, **secret}
        for if_none_match in (tag, f'"other", W/{tag}', "*"):
            again = get(url, HTTP_IF_NONE_MATCH=if_none_match, **caller)
            assert (again.status, again.body, again.header("ETag")) == ("304 Not Modified", b"", tag)
            assert again.header("Vary") == first.header("Vary")
        assert (
            get(url, HTTP_ACCEPT_ENCODING=encoding, HTTP_IF_NONE_MATCH='"other"', **secret).body == first.body
        )
    assert len(tags) == 2, "each encoding has its own"
    update_product(pk=str(lamp.pk), price=Decimal("12.34"))
    assert get(url, HTTP_IF_NONE_MATCH=", ".join(tags), **secret).status == "200 OK"


def test_the_number_of_items_changes_the_tag(get, lamp, customer):
    cookies = cookies_of(customer)
    tag = get("/", HTTP_COOKIE=cookies).header("ETag")
    add_item(user=customer, product_id=lamp.product_id, qty=1)
    assert get("/", HTTP_COOKIE=cookies, HTTP_IF_NONE_MATCH=tag).status == "200 OK"


def test_a_long_address_is_left_to_django(get, django, lamp):
    for _ in range(2):
        django.requests.clear()
        assert get(f"/products/?q={'x' * 600}").status == "200 OK"
        assert [SHARED_ANSWER in request for request in django.requests] == [False]
