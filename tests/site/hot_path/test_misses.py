"""Answers that are not in the cache are counted by their callers; hits and refills are not."""

from decimal import Decimal

import pytest
from django.test import Client
from django_redis import get_redis_connection

from catalog.services import update_product
from ecommerce.core.web.ratelimit import Rate
from tests.support.api_clients import api_of

API = "/api/v1/products"


@pytest.fixture(autouse=True)
def _limit(settings, db):
    settings.MISS_RATE_LIMIT = Rate.parse("3/d")


def statuses(get, urls, **caller):
    return [get(url, **caller).status[:3] for url in urls]


def searches(number, path="/products/"):
    return [f"{path}?q=x{each}" for each in range(number)]


def test_beyond_the_limit_only_stored_answers_are_sent(get, lamp):
    assert statuses(get, searches(5)) == ["200"] * 3 + ["429"] * 2
    assert statuses(get, searches(3)) == ["200"] * 3
    assert statuses(get, ["/products/no-such-thing/", "/categories/light/", "/cart/"]) == [
        "429",
        "429",
        "200",
    ]
    assert statuses(get, searches(4), REMOTE_ADDR="198.51.100.8") == ["200"] * 4  # of which three are stored


def test_pages_and_the_api_are_counted_together_and_say_when_to_come_back(get, lamp):
    assert statuses(get, [*searches(2), *searches(2, API)]) == ["200"] * 3 + ["429"]
    page, answer = get("/products/?q=other"), get(f"{API}?q=other")
    assert "That was a little fast" in page.text
    assert '"detail":"3 per 1 day"' in answer.text
    assert all(int(reply.header("Retry-After")) > 1000 for reply in (page, answer))


def test_an_unknown_product_is_a_miss_each_time(get, lamp):
    assert statuses(get, ["/products/no-such-thing/"] * 4) == ["404"] * 3 + ["429"]


def test_an_answer_that_a_change_made_stale_is_no_miss(get, lamp):
    for number in range(5):
        update_product(pk=str(lamp.pk), price=Decimal(number + 10))
        assert f"${number + 10}.00" in get("/products/lamp/").text


def test_a_request_of_many_missing_entries_is_one_miss(client, lamp):
    """Django alone has no finished answers, and asks for the list, its total and its counts."""
    urls = [f"/products/?q=lamp&min_price={number}" for number in range(4)]
    assert [client.get(url).status_code for url in urls] == [200, 200, 200, 429]
    assert client.get("/products/?q=lamp&min_price=1").status_code == 200


def test_a_signed_in_client_of_the_api_has_its_own_limit(get, lamp, customer):
    token = {"HTTP_AUTHORIZATION": api_of(customer)._credentials["HTTP_AUTHORIZATION"]}
    assert statuses(get, searches(4)) == ["200"] * 3 + ["429"]
    assert statuses(get, searches(4, API), **token) == ["200"] * 3 + ["429"]


def test_all_addresses_of_an_ipv6_network_are_one_caller(get, lamp):
    replies = [get(url, REMOTE_ADDR=f"2001:db8::{at}") for at, url in enumerate(searches(4))]
    assert [reply.status[:3] for reply in replies] == ["200"] * 3 + ["429"]


def test_without_redis_each_process_counts(settings, lamp):
    settings.REDIS_ENABLED = False
    assert [Client().get("/products/").status_code for _ in range(4)] == [200] * 3 + [429]
    assert Client().get("/cart/").status_code == 200


def test_what_hardly_anyone_else_will_ask_for_is_kept_for_a_minute(get, lamp, settings):
    settings.MISS_RATE_LIMIT = Rate.parse("99/d")
    shared = ["/", "/products/", "/products/?sort=price&in_stock=1", "/products/lamp/", API]
    rare = [*searches(1), "/products/?min_price=3", "/products/?page=2", f"{API}?max_price=77&in_stock=true"]
    for urls, lifetime in ((shared, 300), (rare, 60)):
        known = set(lifetimes())
        statuses(get, urls)
        assert {seconds for key, seconds in lifetimes().items() if key not in known} == {lifetime}


def lifetimes():
    """The seconds for which each entry is kept."""
    redis = get_redis_connection()
    found = {key: round(redis.ttl(key), -1) for key in redis.keys("ecommerce:products:*")}
    return {key: seconds for key, seconds in found.items() if seconds > 0}
