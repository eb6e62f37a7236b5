"""The log: a line per request, a stack trace for an exception, and no secrets."""

import io
import ipaddress
import logging
import re

import pytest
from django.conf import settings
from pymongo.errors import ServerSelectionTimeoutError
from rest_framework.test import APIClient

from accounts.sessions.tokens import access_token
from ecommerce.core.logs import redact
from tests.support import factories

PASSWORD = "Correct-Horse-77"


@pytest.fixture
def log(monkeypatch):
    """Return a function that returns the log so far."""
    (console,) = [
        h for h in logging.getLogger().handlers if h.formatter.__class__.__name__ == "RedactingFormatter"
    ]
    written = io.StringIO()
    monkeypatch.setattr(console, "stream", written)
    return written.getvalue


def lines(log):
    return log().splitlines()


class TestRequestLine:
    pytestmark = pytest.mark.django_db

    def test_has_method_path_status_duration_client_and_agent(self, api, log):
        response = api.get("/api/v1/products", HTTP_USER_AGENT="Mozilla/5.0 (X11)")
        (line,) = lines(log)
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO shop\.requests "
            rf"\[{response['X-Request-ID']}\] "
            r"GET /api/v1/products 200 \d+\.\d{3}s client=127\.0\.0\.1 agent='Mozilla/5\.0 \(X11\)'",
            line,
        )

    def test_names_the_client_before_a_trusted_proxy(self, api, log, settings):
        settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1")]
        api.get("/api/v1/products", HTTP_X_FORWARDED_FOR="203.0.113.7")
        assert "client=203.0.113.7 " in log()

    def test_is_written_for_errors_pages_and_health(self, api, client, log):
        api.get("/api/v1/cart")
        client.get("/products/")
        client.get("/health/live")
        shown = [line.split("] ")[1].split(" 0.")[0] for line in lines(log)]
        assert shown == ["GET /api/v1/cart 401", "GET /products/ 200", "GET /health/live 200"]

    def test_is_the_only_line_for_a_request_for_another_host(self, api, log):
        api.get("/api/v1/products", HTTP_HOST="evil.example")
        assert len(lines(log)) == 1

    def test_has_no_query_string(self, api, log):
        api.get("/api/v1/products?q=my-illness")
        assert "my-illness" not in log()

    @pytest.mark.parametrize("path", ["/api/v1/a%0Aforged", "/api/v1/%1b[31m", "/api/v1/%E2%80%A8x"])
    def test_cannot_be_forged_by_a_path(self, api, log, path):
        api.get(path)
        assert len(lines(log)) == 1
        assert log().isascii()

    def test_cannot_be_forged_by_a_header(self, api, log):
        agent = "a\nERROR forged \x1b[31m\r" + "x" * 5000
        api.get("/api/v1/products", HTTP_USER_AGENT=agent, HTTP_X_REQUEST_ID="x\nforged")
        (line,) = lines(log)
        assert "\x1b" not in line
        assert len(line) < 500


class TestSecrets:
    pytestmark = pytest.mark.django_db

    def test_no_request_logs_a_secret(self, api, customer_api, staff_api, customer, product, log):
        token = access_token(customer)
        api.post("/api/v1/auth/signup", {"email": "a@example.com", "password": PASSWORD})
        login = api.post("/api/v1/auth/login", {"email": "a@example.com", "password": PASSWORD}).json()
        api.post("/api/v1/auth/login", {"email": "a@example.com", "password": f"{PASSWORD}!"})
        api.post("/api/v1/auth/signup", {"email": "x", "password": PASSWORD})
        api.post(f"/api/v1/auth/login?password={PASSWORD}", {"email": "x", "password": PASSWORD})
        api.get(f"/api/v1/auth/me?access_token={token}", HTTP_AUTHORIZATION=f"Bearer {token}")
        api.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {token}x")
        api.get(f"/api/v1/{token}")
        api.get("/api/v1/products", HTTP_USER_AGENT=f"Bearer {token}")
        factories.order(customer, (product, 1))
        customer_api.get("/api/v1/orders")
        written = log()
        assert written.count("\n") >= 9
        for secret in (PASSWORD, token, login["access_token"], settings.JWT_SECRET, settings.SECRET_KEY):
            assert secret not in written
        assert customer.password not in written

    def test_an_exception_is_logged_with_its_stack_trace_but_no_secrets(self, monkeypatch, log):
        def broken(*args):
            raise RuntimeError(
                f"mongodb://shop:{PASSWORD}@db.example/shop Bearer abc.def password={PASSWORD}"
            )

        monkeypatch.setattr("catalog.queries._fill_list", broken)
        response = APIClient(raise_request_exception=False).get("/api/v1/products")
        assert response.status_code == 500
        assert "Traceback (most recent call last)" in log()
        assert "in broken" in log()
        assert f"ERROR django.request [{response['X-Request-ID']}]" in log()
        assert "mongodb://***@db.example/shop" in log()
        assert PASSWORD not in log()
        assert "abc.def" not in log()

    def test_an_unreachable_database_is_logged_without_its_address(self, api, mongodb_away, log):
        assert api.get("/api/v1/products").status_code == 503
        assert ServerSelectionTimeoutError.__name__ in log()
        assert "127.0.0.1:1" not in log()

    def test_a_secret_in_an_argument_is_redacted(self, log):
        logging.getLogger("shop.test").warning("Cannot reach %s", f"redis://:{PASSWORD}@redis:6379/0")
        logging.getLogger("shop.test").warning("Sent %s", {"password": PASSWORD})
        assert PASSWORD not in log()
        assert "redis://***@redis:6379/0" in log()


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://user:SECRET@host/db",
        "mongodb+srv://user:SECRET@host/db?x=1",
        "mongodb://user:SE@SECRET@host/db",
        "redis://:SECRET@host:6379",
        "https://SECRET@example.com/",
        "Authorization: Bearer SECRET",
        "Stripe refused sk_live_SECRET",
        "signed by whsec_SECRET",
        "authorization: bearer SECRET.SECRET.SECRET",
        "Api-Key prefix.SECRET",
        "Authorization: Basic SECRET=",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTRUNSRVQifQ.SECRET",
        '{"password": "SECRET"}',
        '{"password": "two words SECRET"}',
        '{"password":"with \\" a quote SECRET"}',
        "{'password': 'two words SECRET'}",
        "password=SECRET",
        "PASSWORD: SECRET",
        "DEFAULT_ADMIN_PASSWORD=SECRET",
        "JWT_SECRET=SECRET",
        "STRIPE_WEBHOOK_SECRET: 'SECRET'",
        "access_token=SECRET&x=1",
        "refresh_token: SECRET",
        "hashed_password='bcrypt_sha256$$2b$12$SECRET'",
        "SECRET_KEY=SECRET",
        "STRIPE_SECRET_KEY = 'SECRET'",
    ],
)
def test_secrets_are_redacted(text):
    assert not re.search(r"SECRET(?!_KEY)(?!['\"]?\s*[:=])", redact(text))


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/products 200 0.004s client=127.0.0.1 agent='curl/8'",
        "mongodb://127.0.0.1:27017/shop",
        "The token is invalid or has expired.",
        "Bad password",
        "hit [products] list:q=all:skip=0:limit=20 lookup=0.40ms",
        "someone@example.com signed in",
    ],
)
def test_other_text_is_unchanged(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "part", ["a", "a-", "eyJ-", "password", "password ", '"', "://", "token:'", "token:", "\\", "bearer "]
)
def test_redacting_takes_linear_time(part):
    """With quadratic backtracking this would take minutes."""
    redact(part * (200_000 // len(part)))


def test_lines_outside_of_a_request_have_no_id(log):
    logging.getLogger("shop.test").warning("x")
    assert "WARNING shop.test [-] x" in log()
