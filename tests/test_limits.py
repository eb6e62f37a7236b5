"""The rate limits: which one covers a route, by what it is counted, and its answer."""

from types import SimpleNamespace

import pytest
from django.conf import settings as live_settings
from django.test import Client
from django.urls import URLPattern, get_resolver

from ecommerce.core.web import ratelimit
from ecommerce.core.web.http import network_of
from ecommerce.core.web.ratelimit import Allowance, InProcessWindows, Rate, RateLimited
from ecommerce.site.limits import LIMITS, limit_of
from tests.support.factories import PASSWORD
from tests.support.valkey import valkey  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db
ME, LOGIN, ADD = "/api/v1/auth/me", "/api/v1/auth/login", "/api/v1/cart/add"
TOO_MANY = "Too many requests. Please slow down and try again later."


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.AUTH_RATE_LIMIT = Rate.parse("3/d")
    settings.WRITE_RATE_LIMIT = Rate.parse("4/d")
    settings.READ_RATE_LIMIT = Rate.parse("5/d")


def statuses(send, count):
    return [send().status_code for _ in range(count)]


def login(api, **extra):
    return api.post(LOGIN, {"email": "nobody@example.com", "password": PASSWORD}, **extra)


def name_of(rf, method, path):
    return limit_of(rf.generic(method, path)).name


def test_routes_with_passwords_and_mails_have_the_narrowest_limit(rf):
    for path in (
        "/api/v1/auth/login",
        "/api/v1/auth/signup",
        "/api/v1/auth/password/forgot",
        "/api/v1/auth/password/reset",
        "/api/v1/auth/password/change",
        "/api/v1/auth/email/change",
        "/api/v1/auth/verify-email",
        "/api/v1/auth/verify-email/resend",
        "/account/login/",
        "/account/signup/",
        "/account/password/",
        "/account/password/forgot/",
        "/account/password/reset/",
        "/account/email/",
        "/account/verify-email/resend/",
        "/account/delete/",
        "/admin/login/",
    ):
        assert name_of(rf, "POST", path) == "auth", path
    assert name_of(rf, "DELETE", "/api/v1/auth/me") == "auth"


def routes(patterns, prefix="/"):
    for each in patterns:
        route = prefix + str(each.pattern).lstrip("^")
        if isinstance(each, URLPattern):
            yield route
        else:
            yield from routes(each.url_patterns, route)


def test_every_route_that_changes_something_has_a_limit(rf):
    for route in routes(get_resolver().url_patterns):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert limit_of(rf.generic(method, route)).setting, route


def test_every_reading_api_route_has_a_limit_and_products_their_own(rf):
    found = {name_of(rf, "GET", f"/api/v1/{route}") for route in ("cart", "orders", "auth/sessions", "x")}
    assert found == {"reads"}
    assert name_of(rf, "GET", "/api/v1/products") == name_of(rf, "GET", "/api/v1/products/x") == "products"
    assert name_of(rf, "GET", "/products/") == "pages"


def test_the_documentation_lists_every_limit():
    text = (live_settings.BASE_DIR / "docs" / "rate-limits.md").read_text()
    for limit in LIMITS:
        assert f"| {limit.name} |" in text
        assert limit.setting in text
    assert "MISS_RATE_LIMIT" in text


def test_the_api_answers_in_the_specified_shape(api):
    assert statuses(lambda: login(api), 3) == [401] * 3
    response = login(api)
    assert (response.status_code, response["Content-Type"]) == (429, "application/json")
    assert response.json() == {"error": "rate_limit_exceeded", "message": TOO_MANY, "detail": "3 per 1 day"}
    assert int(response["Retry-After"]) >= 1
    assert response["X-Request-ID"]


def test_a_page_answers_with_a_page(db):
    client = Client()
    given = {"email": "nobody@example.com", "password": PASSWORD}
    assert statuses(lambda: client.post("/account/login/", given), 3) == [422] * 3
    response = client.post("/account/login/", given)
    assert response.status_code == 429
    assert "That was a little fast" in response.content.decode()
    assert int(response["Retry-After"]) >= 1


def test_api_and_pages_are_counted_together(api):
    statuses(lambda: login(api), 3)
    assert Client().post("/account/login/", {}).status_code == 429
    assert Client().post("/admin/login/", {}).status_code == 429


def test_reading_pages_is_not_counted(db):
    client = Client()
    assert statuses(lambda: client.get("/account/login/"), 8) == [200] * 8


def test_a_refused_request_makes_no_query(api, django_assert_num_queries):
    statuses(lambda: login(api), 3)
    with django_assert_num_queries(0):
        assert login(api).status_code == 429


def test_each_signed_in_client_has_its_own_writes(customer_api, stranger_api, product):
    body = {"product_id": product.product_id, "qty": 1}
    assert statuses(lambda: customer_api.post(ADD, body), 5) == [200] * 4 + [429]
    assert statuses(lambda: stranger_api.post(ADD, body), 1) == [200]


def test_each_signed_in_client_has_its_own_reads(customer_api, stranger_api):
    assert statuses(lambda: customer_api.get(ME), 6) == [200] * 5 + [429]
    assert stranger_api.get(ME).status_code == 200


def test_a_forged_token_opens_no_window_of_its_own(api):
    given = [api.get(ME, HTTP_AUTHORIZATION=f"Bearer {n}").status_code for n in range(6)]
    assert given == [401] * 5 + [429]


def test_an_untrusted_forwarded_address_is_ignored(api):
    given = [login(api, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}").status_code for n in range(4)]
    assert given == [401] * 3 + [429]


def test_another_address_has_its_own_window(api):
    statuses(lambda: login(api), 4)
    assert login(api, REMOTE_ADDR="203.0.113.1").status_code == 401


def test_all_addresses_of_an_ipv6_network_are_one_caller(api):
    given = [login(api, REMOTE_ADDR=f"2001:db8::{n}").status_code for n in range(4)]
    assert given == [401] * 3 + [429]
    assert network_of("203.0.113.1") == network_of("::ffff:203.0.113.1") == "203.0.113.1"
    assert network_of("") == ""


class TestWithoutRedis:
    def test_switched_off_the_process_counts(self, api, settings):
        settings.REDIS_ENABLED = False
        assert statuses(lambda: login(api), 4) == [401] * 3 + [429]

    def test_stopped_the_process_counts_from_then_on(self, api, valkey):  # noqa: F811
        assert statuses(lambda: login(api), 2) == [401] * 2
        valkey.stop()
        assert statuses(lambda: login(api), 4) == [401] * 3 + [429]


def test_a_process_that_loses_redis_starts_counting_anew(valkey):  # noqa: F811
    allowance = Allowance("caller", Rate.parse("2/d"))
    for _ in range(2):
        ratelimit.count(allowance)
    valkey.stop()
    for _ in range(2):
        ratelimit.count(allowance)
    with pytest.raises(RateLimited):
        ratelimit.count(allowance)


class TestInProcessWindows:
    ALLOWANCE = Allowance("caller", Rate.parse("1/m"))

    def test_a_new_window_opens_after_the_end_of_the_first(self, monkeypatch):
        now, windows = [100.0], InProcessWindows()
        monkeypatch.setattr(ratelimit, "time", SimpleNamespace(monotonic=lambda: now[0]))
        assert [windows.count(self.ALLOWANCE) for _ in range(2)] == [(1, 60), (2, 60)]
        now[0] = 159.5
        assert windows.count(self.ALLOWANCE) == (3, 1)
        now[0] = 160.0
        assert windows.count(self.ALLOWANCE) == (1, 60)

    def test_they_take_a_bounded_amount_of_memory(self, monkeypatch):
        monkeypatch.setattr(ratelimit, "MOST_WINDOWS", 10)
        windows = InProcessWindows()
        for number in range(95):
            windows.count(Allowance(f"caller {number}", Rate.parse("1/m")))
        assert len(windows._windows) <= 10
