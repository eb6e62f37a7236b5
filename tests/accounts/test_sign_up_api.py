import jwt
import pytest

from accounts.models import User
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/signup"


def sign_up(api, email="new@example.com", password=PASSWORD, **more):
    return api.post(URL, {"email": email, "password": password, **more})


def test_it_answers_with_a_bearer_token_of_fifteen_minutes(api):
    response = sign_up(api)
    assert response.status_code == 200
    assert response.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert response.json()["token_type"] == "bearer"
    claims = jwt.decode(response.json()["access_token"], options={"verify_signature": False})
    assert claims["sub"] == str(User.objects.get().pk)
    assert claims["role"] == "user"
    assert claims["exp"] - claims["iat"] == 900


def test_the_token_authenticates_the_account(api):
    token = sign_up(api).json()["access_token"]
    me = api.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert me.json()["email"] == "new@example.com"


def test_the_email_is_stored_lower_cased(api):
    sign_up(api, email="New@Example.COM")
    assert User.objects.get().email == "new@example.com"


@pytest.mark.parametrize("spelling", ["new@example.com", "NEW@example.com", "new@EXAMPLE.com"])
def test_an_email_has_one_account_regardless_of_case(api, spelling):
    sign_up(api)
    refused(sign_up(api, email=spelling), 400, "Email already registered", field="email")
    assert User.objects.count() == 1


def test_the_password_is_hashed(api):
    sign_up(api)
    stored = User.objects.get().password
    assert stored.startswith("bcrypt_sha256$")
    assert PASSWORD not in stored


def test_signing_up_ignores_fields_that_would_make_an_admin(api):
    sign_up(api, role="admin", is_superuser=True, is_staff=True, id="1", created_at="2020-01-01")
    user = User.objects.get()
    assert (user.role, user.is_superuser) == ("user", False)
    assert user.created_at.year > 2020


@pytest.mark.parametrize("password", ["kw9-Tq2z", "é" * 128, "x" * 128, "  spaces count  ", "😀" * 50])
def test_a_password_of_8_to_128_characters_works_and_is_not_truncated(api, password):
    assert sign_up(api, password=password).status_code == 200
    login = {"email": "new@example.com", "password": password}
    assert api.post("/api/v1/auth/login", login).status_code == 200
    for other in (password[:-1], password[:72], password.strip()):
        if other != password:
            refused(api.post("/api/v1/auth/login", login | {"password": other}), 401, "Invalid credentials")


BAD_PASSWORDS = ["", "1234567", "x" * 129, None, [], {}, ["12345678"], True, "with\0null", "surrogate\ud800s"]


@pytest.mark.parametrize("password", ["password123", "12345678", "new@example.com", "4738291056"])
def test_it_refuses_a_password_that_is_easily_guessed(api, password):
    refused(sign_up(api, password=password), 400, field="password")
    assert not User.objects.exists()


def test_a_password_that_shares_letters_with_the_email_is_allowed(api):
    assert sign_up(api, "user123@example.com", "SecurePass123").status_code == 200


def test_it_refuses_a_bad_password(api):
    for password in BAD_PASSWORDS:
        refused(sign_up(api, password=password), 400, field="password")
    assert not User.objects.exists()


BAD_EMAILS = [
    "",
    " ",
    "not-an-email",
    "a@b",
    "a b@example.com",
    "a@exam ple.com",
    "a@example.com\nBcc: b@example.com",
    "a\0@example.com",
    "\ud800@example.com",
    "x" * 250 + "@example.com",
    None,
    5,
    {"$ne": None},
    ["new@example.com"],
]


def test_it_refuses_a_bad_email(api):
    for email in BAD_EMAILS:
        refused(sign_up(api, email=email), 400, field="email")
    assert not User.objects.exists()


def test_it_names_every_missing_field(api):
    answer = refused(api.post(URL, {}), 400)
    assert answer["errors"].keys() == {"email", "password"}


def test_spaces_around_an_email_are_ignored(api):
    sign_up(api, email="  new@example.com ")
    assert User.objects.get().email == "new@example.com"


def test_an_invalid_bearer_token_is_ignored(api):
    api.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert sign_up(api).status_code == 200
