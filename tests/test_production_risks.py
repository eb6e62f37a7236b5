"""What production refuses unless ALLOW_INSECURE names it."""

import secrets
from pathlib import Path

import pytest

from ecommerce.core.risks import entropy
from ecommerce.settings.risks import MINIMUM_SECRET_BITS, RISKS
from payments import gateways
from tests.runshop.shop import manage
from tests.support.production import PRODUCTION, SECRETS, error_message

TAKEN = [
    ("http-public-url", {"PUBLIC_URL": "http://shop.example"}),
    ("weak-secrets", {"SECRET_KEY": "s" * 40}),
    ("weak-secrets", {"JWT_SECRET": "changeme" * 5}),
    ("weak-secrets", {"JWT_SECRET": "This-is-my-very-Secret-key-for-the-shop"}),
    ("weak-secrets", {"SECRET_KEY": "django-insecure-#f$k2l9@x0m1q3w5e7r9t1y3u5i7o9p"}),
    ("weak-secrets", {"JWT_SECRET_PREVIOUS": f"{SECRETS[0]},{'0123456789abcdef' * 3}"}),
    ("any-host", {"ALLOWED_HOSTS": "shop.example,*"}),
    ("any-host", {"ALLOWED_HOSTS": ".example"}),
    ("common-admin-password", {"DEFAULT_ADMIN_PASSWORD": "password123"}),
    ("common-admin-password", {"DEFAULT_ADMIN_PASSWORD": "Admin2026!"}),
    ("common-admin-password", {"DEFAULT_ADMIN_PASSWORD": "1234567890123"}),
    ("common-admin-password", {"DEFAULT_ADMIN_PASSWORD": "Admin@example.com"}),
    ("any-proxy", {"TRUSTED_PROXIES": "10.0.0.1,0.0.0.0/0"}),
    ("any-proxy", {"TRUSTED_PROXIES": "::/0"}),
    ("http-cors-origin", {"CORS_ORIGINS": "https://a.example,http://b.example"}),
    ("stripe-test-key", {"STRIPE_SECRET_KEY": "sk_test_1"}),
    ("foreign-checkout-origin", {"STRIPE_CHECKOUT_ORIGIN": "https://pay.example"}),
    ("plain-mail", {"EMAIL_HOST": "mail.example", "EMAIL_SECURITY": "none"}),
    ("mongodb-without-password", {"MONGODB_URI": "mongodb://localhost,db.example/shop"}),
    ("mongodb-without-password", {"MONGODB_URI": "mongodb://shop@db.example/shop"}),
    ("mongodb-without-password", {"MONGODB_URI": "mongodb://shop:@db.example/shop?appName=a:b@c"}),
    ("redis-without-password", {"REDIS_URL": "redis://redis.example"}),
    ("long-access-tokens", {"ACCESS_TOKEN_EXPIRES_MIN": "61"}),
    ("reload", {"DEV_RELOAD": "true"}),
    ("sample-products", {"SEED_SAMPLE_PRODUCTS": "true"}),
]


@pytest.mark.parametrize(("name", "taken"), TAKEN, ids=str)
def test_a_risk_is_refused_by_its_variable_and_permitted_by_its_name(load, name, taken):
    sentence = error_message(load, **PRODUCTION | taken)
    variable = next(iter(reversed(taken)))
    assert sentence.startswith(f"Production is refused. {variable} ")
    assert sentence.count("ALLOW_INSECURE") == sentence.count(f"ALLOW_INSECURE={name} ") == 1
    assert taken[variable] not in sentence or variable == "EMAIL_SECURITY"
    assert load(**PRODUCTION | taken | {"ALLOW_INSECURE": f"any-proxy, {name}"})["IN_PRODUCTION"]


def test_a_command_names_what_is_refused(tmp_path):
    """The settings are read before Django is ready, and Django hides their errors from some commands."""
    taken = PRODUCTION | {"DEFAULT_ADMIN_PASSWORD": "password123", "SECRET_KEY": ""}
    expected = "Production is refused. SECRET_KEY is missing. DEFAULT_ADMIN_PASSWORD is a common one"
    for command in ("prepare", "check"):
        refused = manage(tmp_path, command, DJANGO_SETTINGS_MODULE="ecommerce.settings", **taken)
        assert refused.returncode == 1
        assert refused.stderr.startswith(expected)


def test_development_takes_them_all(load):
    for _, taken in TAKEN:
        assert load(**taken)["APP_ENV"] == "dev"


@pytest.mark.parametrize(
    "harmless",
    [
        {"PUBLIC_URL": "http://localhost:8000"},
        {"ALLOWED_HOSTS": ".shop.example,localhost"},
        {"TRUSTED_PROXIES": "10.0.0.0/8,fc00::/7"},
        {"EMAIL_HOST": "127.0.0.1", "EMAIL_SECURITY": "none"},
        {"MONGODB_URI": "mongodb://localhost:27017,[::1]:27018/shop"},
        {"MONGODB_URI": "mongodb://db.example/shop?authMechanism=MONGODB-X509&tls=true"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"REDIS_URL": "redis://redis.example", "REDIS_ENABLED": "false"},
        {"ACCESS_TOKEN_EXPIRES_MIN": "60"},
        {"CREATE_DEFAULT_ADMIN": "false", "DEFAULT_ADMIN_PASSWORD": "password123"},
        {"STRIPE_SECRET_KEY": "sk_live_1"},
    ],
    ids=str,
)
def test_what_is_no_risk_is_not_refused(load, harmless):
    assert load(**PRODUCTION | harmless)["IN_PRODUCTION"]


def test_random_secrets_are_random_enough():
    assert all(entropy(secrets.token_hex(16)) > MINIMUM_SECRET_BITS - 10 for _ in range(200))
    assert all(entropy(secrets.token_urlsafe(48)) > 2 * MINIMUM_SECRET_BITS for _ in range(200))


def test_an_unknown_name_is_refused(load):
    assert error_message(load, ALLOW_INSECURE="reload,tls") == "ALLOW_INSECURE has unknown names: tls."


def test_each_risk_is_tried_and_explained():
    risks = {*RISKS, *gateways.risks()}
    assert {name for name, _ in TAKEN} == risks
    text = (Path(__file__).parents[1] / "docs" / "security.md").read_text()
    assert [name for name in risks if f"| `{name}` |" not in text] == []
