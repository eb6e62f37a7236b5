"""The response headers with policies for browsers."""

import os
import subprocess
import sys

import pytest
from django.test import Client
from pytest_django import Settings

from ecommerce.site.headers import EXCEPTIONS, SHOP, as_text
from tests.runshop.shop import ROOT
from tests.support import factories
from tests.support.production import PRODUCTION, SECRETS

pytestmark = pytest.mark.django_db
STRICT = (
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PROVIDER = "'self' https://checkout.stripe.com"


@pytest.mark.parametrize("path", ["/", "/products/", "/cart/", "/account/login/", "/no-such-page/"])
def test_pages_load_nothing_inline_and_nothing_from_other_hosts(client: Client, path: str) -> None:
    assert client.get(path)["Content-Security-Policy"] == STRICT


@pytest.mark.parametrize(
    ("path", "beginning"),
    [("/admin/login/", "/admin/"), ("/docs", "/docs"), ("/redoc", "/redoc"), ("/api/v1/cart", "/api/")],
)
def test_each_exception_applies_to_its_own_pages(client: Client, path: str, beginning: str) -> None:
    assert client.get(path)["Content-Security-Policy"] == as_text(EXCEPTIONS[beginning])
    assert "frame-ancestors 'none'" in client.get(path)["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/checkout/", True),
        ("/orders/ABC/pay/", True),
        ("/orders/ABC/", True),
        ("/orders/", False),
        ("/cart/", False),
    ],
)
def test_only_forms_on_payment_pages_may_lead_to_the_provider(
    client: Client, settings: Settings, path: str, allowed: bool
) -> None:
    settings.PAYMENT_PROVIDER = "stripe"
    policy = client.get(path)["Content-Security-Policy"]
    assert policy == (as_text(SHOP | {"form-action": PROVIDER}) if allowed else STRICT)


def test_every_answer_has_the_security_headers(client: Client) -> None:
    answer = client.get("/")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/", "/products/", "/no-such-page/", "/account/login/"])
def test_pages_are_for_one_browser(client: Client, path: str) -> None:
    assert "private" in client.get(path)["Cache-Control"]


@pytest.mark.parametrize("path", ["/api/v1/cart", "/api/v1/auth/me", "/api/v1/products/none"])
def test_answers_of_the_api_are_stored_by_no_cache(client: Client, customer_api: Client, path: str) -> None:
    assert client.get(path)["Cache-Control"] == "no-store"
    assert customer_api.get(path)["Cache-Control"] == "no-store"


def test_public_answers_of_the_api_may_be_kept_and_are_checked_before_use(client: Client) -> None:
    product = factories.product()
    for path in ("/api/v1/products", f"/api/v1/products/{product.slug}"):
        assert client.get(path)["Cache-Control"] == "no-cache"


def test_http_is_redirected_to_https(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    fresh = Client()
    redirected = fresh.get("/products/?q=a")
    assert (redirected.status_code, redirected["Location"]) == (301, "https://testserver/products/?q=a")
    assert fresh.get("/", secure=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert fresh.get("/health/live").status_code == 200  # probes come by HTTP


def test_djangos_deployment_check_finds_nothing_in_production() -> None:
    environment = os.environ | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "ecommerce.settings"}
    environment |= {"SECRET_KEY": "".join(SECRETS), "MONGODB_URI": "mongodb://localhost:1/shop"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout
