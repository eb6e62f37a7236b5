"""The settings come from environment variables, and a bad value is refused with the variable's name."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dotenv
import pytest

from ecommerce.settings.development_secrets import development_secret
from tests.support.production import PRODUCTION, SECRETS, error_message


@pytest.mark.parametrize(("scheme", "prefix"), [("https", "__Host-"), ("http", "")])
def test_under_https_the_cookies_belong_to_this_host_alone(load, scheme, prefix):
    settings = load(PUBLIC_URL=f"{scheme}://shop.example")
    names = (settings["SESSION_COOKIE_NAME"], settings["CSRF_COOKIE_NAME"])
    assert names == (f"{prefix}sessionid", f"{prefix}csrftoken")


def test_the_defaults_are_as_specified(load):
    settings = load()
    assert settings["DATABASES"]["default"]["HOST"] == "mongodb://localhost:27017/ecommerce"
    assert settings["DATABASES"]["default"]["NAME"] == "ecommerce"
    assert (settings["JWT_ALG"], settings["ACCESS_TOKEN_EXPIRES_MIN"]) == ("HS256", 15)
    assert (settings["REDIS_URL"], settings["REDIS_ENABLED"]) == ("redis://localhost:6379", True)
    assert settings["CACHE_TTL_SECONDS"] == 300
    assert settings["CREATE_DEFAULT_ADMIN"] is True
    assert settings["DEFAULT_ADMIN_EMAIL"] == "admin@example.com"
    assert settings["DEFAULT_ADMIN_PASSWORD"] == "admin123"
    assert settings["CORS_ALLOWED_ORIGINS"] == [
        "http://localhost:3000",
        "http://localhost:5173",
        "http://localhost:8080",
    ]
    assert settings["CORS_ALLOW_CREDENTIALS"] is True
    assert settings["APP_ENV"] == "dev"
    assert settings["DEBUG"] is False
    assert str(settings["PRODUCT_RATE_LIMIT"]) == "5 per 1 minute"
    assert str(settings["PRODUCT_RATE_LIMIT_USER"]) == "120 per 1 minute"
    assert settings["REQUIRE_VERIFIED_STAFF"] is False
    assert (settings["PAYMENT_PROVIDER"], settings["SEED_SAMPLE_PRODUCTS"]) == ("simulated", True)


@pytest.mark.parametrize(
    ("name", "text", "setting", "value"),
    [
        ("MONGODB_URI", "mongodb://u:p@a.example,b.example/shop?replicaSet=rs0", "MONGODB_URI", None),
        ("JWT_ALG", "HS512", "JWT_ALG", "HS512"),
        ("ACCESS_TOKEN_EXPIRES_MIN", "5", "ACCESS_TOKEN_EXPIRES_MIN", 5),
        ("REDIS_ENABLED", "false", "REDIS_ENABLED", False),
        ("CACHE_TTL_SECONDS", "60", "CACHE_TTL_SECONDS", 60),
        ("DEFAULT_ADMIN_EMAIL", "Boss@Example.com", "DEFAULT_ADMIN_EMAIL", "boss@example.com"),
        ("CORS_ORIGINS", " https://a.example , https://b.example/,", "CORS_ALLOWED_ORIGINS", None),
        ("CORS_ALLOW_CREDENTIALS", "no", "CORS_ALLOW_CREDENTIALS", False),
        ("CORS_ALLOW_METHODS", "GET,POST", "CORS_ALLOW_METHODS", ["GET", "POST"]),
        ("CORS_ALLOW_HEADERS", "authorization", "CORS_ALLOW_HEADERS", ["authorization"]),
        ("DEBUG", "TRUE", "DEBUG", True),
        ("PUBLIC_URL", "https://shop.example/", "PUBLIC_URL", "https://shop.example"),
        ("PAYMENT_PROVIDER", "none", "PAYMENT_PROVIDER", "none"),
        ("PORT", "9000", "PUBLIC_URL", "http://localhost:9000"),
        ("CACHE_TTL_SECONDS", "", "CACHE_TTL_SECONDS", 300),
        ("CACHE_TTL_SECONDS", "  60 ", "CACHE_TTL_SECONDS", 60),
    ],
)
def test_each_variable_can_be_set(load, name, text, setting, value):
    loaded = load(**{name: text})[setting]
    expected = {"MONGODB_URI": text, "CORS_ALLOWED_ORIGINS": ["https://a.example", "https://b.example"]}
    assert loaded == (expected[setting] if value is None else value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "staging"),
        ("DEBUG", "maybe"),
        ("REDIS_ENABLED", "2"),
        ("CREATE_DEFAULT_ADMIN", "si"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("JWT_ALG", "none"),
        ("JWT_ALG", "RS256"),
        ("ACCESS_TOKEN_EXPIRES_MIN", "0"),
        ("ACCESS_TOKEN_EXPIRES_MIN", "-1"),
        ("ACCESS_TOKEN_EXPIRES_MIN", "1.5"),
        ("CACHE_TTL_SECONDS", "five"),
        ("CACHE_TTL_SECONDS", "9" * 30),
        ("PRODUCT_RATE_LIMIT", "5 a minute"),
        ("PRODUCT_RATE_LIMIT", "0/m"),
        ("PRODUCT_RATE_LIMIT_USER", "many"),
        ("DEFAULT_ADMIN_EMAIL", "root"),
        ("PUBLIC_URL", "shop.example"),
        ("PUBLIC_URL", "https://shop.example/shop"),
        ("PUBLIC_URL", "https://u:SeCrEt@shop.example"),
        ("CORS_ORIGINS", "https://a.example,b.example"),
        ("AUTH_RATE_LIMIT", "60"),
        ("WRITE_RATE_LIMIT", "-1/m"),
        ("READ_RATE_LIMIT", "x"),
        ("MISS_RATE_LIMIT", "0/m"),
        ("REFRESH_TOKEN_EXPIRES_DAYS", "0"),
        ("TRUSTED_PROXIES", "proxy"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("MONGODB_URI", "localhost:27017"),
        ("MONGODB_URI", "mongodb://"),
        ("MONGODB_URI", "mongodb://u:SeCrEt@"),
        ("REDIS_URL", "localhost:6379"),
        ("PAYMENT_PROVIDER", "paypal"),
        ("ALLOW_SIMULATED_PAYMENTS", "x"),
        ("SEED_SAMPLE_PRODUCTS", "x"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_variable(load, name, value):
    sentence = error_message(load, **{name: value})
    assert sentence.startswith(name)
    assert "SeCrEt" not in sentence


def test_the_env_file_beside_manage_py_is_read(load, monkeypatch):
    read = []
    monkeypatch.setattr(dotenv, "load_dotenv", read.append)
    load()
    assert read == [Path(__file__).parents[1] / ".env"]


class TestProduction:
    def test_starts_with_all_variables_set(self, load):
        settings = load(**PRODUCTION)
        assert settings["DEBUG"] is False
        assert settings["SEED_SAMPLE_PRODUCTS"] is False
        assert settings["REQUIRE_VERIFIED_STAFF"] is True
        assert settings["CORS_ALLOWED_ORIGINS"] == []
        assert settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is True

    def test_generates_no_secrets(self, load, tmp_path):
        load(**PRODUCTION)
        assert list(tmp_path.iterdir()) == []

    def test_names_all_problems_at_once(self, load):
        sentence = error_message(load, APP_ENV="production", DEBUG="true", CORS_ORIGINS="*")
        for name in (
            "SECRET_KEY",
            "JWT_SECRET",
            "DEFAULT_ADMIN_PASSWORD",
            "MONGODB_URI",
            "PUBLIC_URL",
            "ALLOWED_HOSTS",
            "CORS_ORIGINS",
            "DEBUG",
            "PAYMENT_PROVIDER",
        ):
            assert len(re.findall(rf"\b{name}\b", sentence)) == 1, name

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SECRET_KEY", ""),
            ("SECRET_KEY", "change_me"),
            ("SECRET_KEY", "s" * 31),
            ("JWT_SECRET", ""),
            ("JWT_SECRET", "change_me"),
            ("JWT_SECRET", "your-super-secret-key-change-this-in-production"),
            ("JWT_SECRET", "admin123"),
            ("JWT_SECRET", "j" * 31),
            ("DEFAULT_ADMIN_PASSWORD", ""),
            ("DEFAULT_ADMIN_PASSWORD", "admin123"),
            ("DEFAULT_ADMIN_PASSWORD", "change_me"),
            ("DEFAULT_ADMIN_PASSWORD", "short"),
            ("MONGODB_URI", ""),
            ("PUBLIC_URL", ""),
            ("ALLOWED_HOSTS", ""),
            ("CORS_ORIGINS", "*"),
            ("CORS_ORIGINS", "https://shop.example,http://localhost:3000"),
            ("CORS_ORIGINS", "http://127.0.0.1:3000"),
            ("CORS_ORIGINS", "http://[::1]:3000"),
            ("DEBUG", "true"),
            ("PAYMENT_PROVIDER", ""),
            ("PAYMENT_PROVIDER", "simulated"),
        ],
    )
    def test_names_a_single_problem_without_its_value(self, load, name, value):
        sentence = error_message(load, **PRODUCTION | {name: value})
        named = {culprit for culprit in [*PRODUCTION, "CORS_ORIGINS", "DEBUG"] if culprit in sentence}
        assert named == {name}
        assert not value or "SECRET" not in name or value not in sentence

    @pytest.mark.parametrize("name", ["SECRET_KEY_FALLBACKS", "JWT_SECRET_PREVIOUS"])
    def test_refuses_a_weak_previous_secret(self, load, name):
        for value in ("short", f"{SECRETS[0]},change_me"):
            assert f"{name} is " in error_message(load, **PRODUCTION | {name: value})
        assert load(**PRODUCTION | {name: ",".join(SECRETS)})[name] == [*SECRETS]

    @pytest.mark.parametrize(
        "more",
        [
            {"PAYMENT_PROVIDER": "simulated", "ALLOW_SIMULATED_PAYMENTS": "true"},
            {"CREATE_DEFAULT_ADMIN": "false", "DEFAULT_ADMIN_PASSWORD": ""},
            {"CORS_ORIGINS": "https://app.shop.example"},
        ],
        ids=str,
    )
    def test_permits_these(self, load, more):
        assert load(**PRODUCTION | more)["IN_PRODUCTION"]


class TestDevelopmentSecrets:
    def test_are_random_and_kept(self, load, tmp_path):
        first, second = load(), load()
        for name in ("SECRET_KEY", "JWT_SECRET"):
            assert len(first[name]) >= 32
            assert first[name] == second[name]
        assert first["SECRET_KEY"] != first["JWT_SECRET"]
        other = load(DATA_DIR=str(tmp_path / "other"))
        assert other["JWT_SECRET"] != first["JWT_SECRET"]

    @pytest.mark.parametrize(
        "published", ["", "change_me", "your-super-secret-key-change-this-in-production", "admin123"]
    )
    def test_are_never_published_ones(self, load, published):
        settings = load(SECRET_KEY=published, JWT_SECRET=published)
        assert published not in (settings["SECRET_KEY"], settings["JWT_SECRET"])
        assert settings["SIMPLE_JWT"]["SIGNING_KEY"] == settings["JWT_SECRET"]

    def test_are_not_generated_if_set(self, load, tmp_path):
        assert load(JWT_SECRET="mine", SECRET_KEY="mine too")["JWT_SECRET"] == "mine"
        assert not (tmp_path / "secrets").exists()

    def test_are_readable_by_their_owner_only(self, load, tmp_path):
        load()
        files = sorted((tmp_path / "secrets").iterdir())
        assert [file.name for file in files] == ["JWT_SECRET", "SECRET_KEY"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700

    def test_are_shared_by_processes_that_start_at_once(self, tmp_path):
        with ThreadPoolExecutor(8) as pool:
            secrets = list(pool.map(lambda _: development_secret(tmp_path / "new", "KEY"), range(32)))
        assert len(set(secrets)) == 1
        assert len(list((tmp_path / "new" / "secrets").iterdir())) == 1
