"""The rate limit that both product routes share, higher for signed-in clients."""

import ipaddress
import re

import pytest
from django_redis import get_redis_connection

from accounts.sessions.tokens import access_token
from ecommerce.core.web.http import client_ip
from ecommerce.core.web.ratelimit import USERS_OF_NETWORK, Rate
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.valkey import valkey  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.PRODUCT_RATE_LIMIT = Rate.parse("5/m")
    settings.PRODUCT_RATE_LIMIT_USER = Rate.parse("7/m")


def statuses(api, count, url=URL, **extra):
    return [api.get(url, **extra).status_code for _ in range(count)]


def test_both_routes_share_the_limit_of_an_ip_address(api, product):
    one = f"{URL}/{product.slug}"
    responses = [
        api.get(url).status_code for url in (URL, one, f"{URL}?q=x", one, f"{URL}/unknown", one, URL)
    ]
    assert responses == [200, 200, 200, 200, 404, 429, 429]


def test_the_refusal_has_the_specified_shape(api):
    statuses(api, 5)
    response = api.get(URL)
    assert response.status_code == 429
    assert response["Content-Type"] == "application/json"
    assert response.json() == {
        "error": "rate_limit_exceeded",
        "message": "Too many requests. Please slow down and try again later.",
        "detail": "5 per 1 minute",
    }
    assert 1 <= int(response["Retry-After"]) <= 60
    assert response["X-Request-ID"]
    assert response["X-Process-Time"]


def test_requests_are_allowed_again_after_the_window(api):
    statuses(api, 6)
    (counter,) = get_redis_connection().keys("ecommerce:ratelimit:products:*")
    assert 0 < get_redis_connection().ttl(counter) <= 60
    get_redis_connection().delete(counter)  # as at the end of the window
    assert statuses(api, 6) == [200] * 5 + [429]


def test_refused_requests_do_not_extend_the_window(api):
    statuses(api, 6)
    (counter,) = get_redis_connection().keys("ecommerce:ratelimit:products:*")
    get_redis_connection().expire(counter, 30)
    assert api.get(URL)["Retry-After"] in ("29", "30")


def test_a_refused_request_needs_no_query(api, product, django_assert_num_queries):
    statuses(api, 5, f"{URL}?q=other")
    with django_assert_num_queries(0):
        assert api.get(URL).status_code == 429


def test_a_signed_in_client_has_its_own_limit(api, customer_api, stranger_api):
    assert statuses(api, 6)[-1] == 429
    assert statuses(customer_api, 8) == [200] * 7 + [429]
    assert customer_api.get(URL).json()["detail"] == "7 per 1 minute"
    assert statuses(stranger_api, 1) == [200]


def test_all_tokens_of_a_user_count_together(api, customer):
    for _ in range(7):
        api.get(URL, HTTP_AUTHORIZATION=f"Bearer {access_token(customer)}")
    assert statuses(api, 1, HTTP_AUTHORIZATION=f"Bearer {access_token(customer)}") == [429]


@pytest.mark.parametrize("token", ["nonsense", "", "e30.e30.x"])
def test_an_invalid_token_does_not_change_the_limit(api, token):
    assert statuses(api, 6, HTTP_AUTHORIZATION=f"Bearer {token}") == [200] * 5 + [429]
    assert statuses(api, 1) == [429]


def test_other_routes_have_other_limits(api, customer_api, client):
    statuses(api, 6)
    assert statuses(customer_api, 8, "/api/v1/cart") == [200] * 8
    assert client.get("/products/").status_code == 200


class TestAddresses:
    def test_a_forwarded_address_is_ignored(self, api):
        responses = [
            api.get(URL, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}", HTTP_X_REAL_IP=f"203.0.113.{n}")
            for n in range(6)
        ]
        assert [response.status_code for response in responses] == [200] * 5 + [429]

    def test_each_client_behind_a_trusted_proxy_has_its_own_limit(self, api, settings):
        settings.TRUSTED_PROXIES = networks("127.0.0.1")
        assert statuses(api, 6, HTTP_X_FORWARDED_FOR="203.0.113.1") == [200] * 5 + [429]
        assert statuses(api, 1, HTTP_X_FORWARDED_FOR="203.0.113.2") == [200]
        assert statuses(api, 1, HTTP_X_FORWARDED_FOR="203.0.113.9, 203.0.113.1") == [429]

    @pytest.mark.parametrize(
        ("proxies", "forwarded", "client"),
        [
            ("", "203.0.113.1", "10.0.0.1"),
            ("10.0.0.0/8", "", "10.0.0.1"),
            ("10.0.0.0/8", "203.0.113.1", "203.0.113.1"),
            ("10.0.0.0/8", "1.1.1.1, 203.0.113.1", "203.0.113.1"),
            ("10.0.0.0/8", "203.0.113.1, 10.2.2.2", "203.0.113.1"),
            ("10.0.0.0/8", "1.1.1.1,203.0.113.1,10.2.2.2,10.3.3.3", "203.0.113.1"),
            ("10.0.0.0/8", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.0/8", "evil", "10.0.0.1"),
            ("10.0.0.0/8", "203.0.113.1, evil", "10.0.0.1"),
            ("10.0.0.0/8", "10.0.0.2", "10.0.0.2"),
            ("192.0.2.1", "203.0.113.1", "10.0.0.1"),
        ],
    )
    def test_the_client_is_the_one_seen_by_the_last_trusted_proxy(
        self, rf, settings, proxies, forwarded, client
    ):
        settings.TRUSTED_PROXIES = networks(proxies)
        request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
        assert client_ip(request) == client

    def test_requests_without_an_address_share_one_limit(self, api):
        assert statuses(api, 6, REMOTE_ADDR="") == [200] * 5 + [429]


def networks(text):
    return [ipaddress.ip_network(part) for part in text.split()]


class TestWithoutRedis:
    """Counting in the process, whose windows begin at fixed times: one of a day outlasts every test."""

    @pytest.fixture(autouse=True)
    def _days(self, settings):
        settings.PRODUCT_RATE_LIMIT = Rate.parse("5/d")

    def test_the_process_counts_if_redis_is_disabled(self, api, settings, product):
        settings.REDIS_ENABLED = False
        responses = [api.get(url).status_code for url in (URL, f"{URL}/{product.slug}", URL, URL, URL, URL)]
        assert responses == [200] * 5 + [429]
        response = api.get(URL)
        assert response.json()["detail"] == "5 per 1 day"
        assert int(response["Retry-After"]) >= 1

    def test_the_process_counts_if_redis_is_stopped(self, api, valkey):  # noqa: F811
        assert statuses(api, 5) == [200] * 5
        assert statuses(api, 1) == [429]
        valkey.stop()
        assert statuses(api, 6) == [200] * 5 + [429]

    def test_each_client_is_counted_separately(self, api, customer_api, settings):
        settings.REDIS_ENABLED = False
        assert statuses(api, 6)[-1] == 429
        assert statuses(api, 1, REMOTE_ADDR="203.0.113.1") == [200]
        assert statuses(customer_api, 1) == [200]


@pytest.mark.parametrize(("text", "seconds"), [("5/s", 1), ("5/m", 60), ("120/h", 3600), ("1/d", 86400)])
def test_a_rate_is_a_number_and_a_period(text, seconds):
    assert Rate.parse(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "5", "/m", "0/m", "-1/m", "5/min", "5/m\n", "\u0665/m", "1.5/m"])
def test_anything_else_is_not_a_rate(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Rate.parse(text)


def test_the_addresses_of_an_ipv6_network_share_the_limit(api):
    addresses = [f"2001:db8:1:1::{host:x}" for host in range(1, 7)]
    assert [statuses(api, 1, REMOTE_ADDR=each) for each in addresses] == [[200]] * 5 + [[429]]
    assert statuses(api, 1, REMOTE_ADDR="2001:db8:1:2::1") == [200]


def test_accounts_of_one_network_share_ten_times_the_limit_of_one(api, settings):
    settings.PRODUCT_RATE_LIMIT_USER = settings.READ_RATE_LIMIT = Rate.parse("1/m")
    clients = [api_of(factories.user()) for _ in range(USERS_OF_NETWORK + 1)]
    for url in (URL, "/api/v1/auth/me"):
        *others, last = [client.get(url) for client in clients]
        assert {answer.status_code for answer in others} == {200}
        assert (last.status_code, last.json()["detail"]) == (429, "10 per 1 minute")


def test_an_account_alone_has_its_own_limit(api, customer_api):
    assert statuses(customer_api, 8) == [200] * 7 + [429]
