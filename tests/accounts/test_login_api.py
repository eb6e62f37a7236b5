import pytest

from accounts.models import User
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db


def login(api, email="customer@example.com", password=PASSWORD):
    return api.post("/api/v1/auth/login", {"email": email, "password": password})


def test_it_answers_with_a_bearer_token(api, customer):
    response = login(api)
    assert response.status_code == 200
    assert response.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert response.json()["expires_in"] == 900
    assert response["Cache-Control"] == "no-store"
    assert response.json()["token_type"] == "bearer"


@pytest.mark.parametrize("email", ["CUSTOMER@example.com", "Customer@Example.Com", " customer@example.com "])
def test_the_case_of_the_email_does_not_matter(api, customer, email):
    assert login(api, email).status_code == 200


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(api, customer):
    wrong, unknown = login(api, password="SecurePass124"), login(api, "unknown@example.com")
    refused(wrong, 401, "Invalid credentials")
    assert wrong.json() == unknown.json()
    assert wrong["WWW-Authenticate"] == unknown["WWW-Authenticate"] == "Bearer"


def test_known_and_unknown_emails_cost_one_hash_each(api, customer, monkeypatch):
    """Both take exactly one bcrypt hash, so the response time reveals nothing."""
    from tests.support.hashers import CheapBCryptHasher

    hashed = []
    encode = CheapBCryptHasher.encode
    monkeypatch.setattr(
        CheapBCryptHasher, "encode", lambda self, *args: hashed.append(1) or encode(self, *args)
    )
    login(api, password="SecurePass124")
    assert len(hashed) == 1
    login(api, "unknown@example.com")
    assert len(hashed) == 2


def test_a_disabled_account_cannot_sign_in(api, customer):
    User.objects.filter(pk=customer.pk).update(is_active=False)
    refused(login(api), 401, "Invalid credentials")


@pytest.mark.parametrize("email", [".*@example.com", "customer@example.co.", "customer@example.com.*"])
def test_an_email_is_never_used_as_a_pattern(api, customer, email):
    assert login(api, email).status_code in (400, 401)


@pytest.mark.parametrize("field", ["email", "password"])
def test_values_that_are_not_text_are_refused(api, customer, field):
    for value in (None, {"$gt": ""}, [], True, "", "nul\0", "\ud800"):
        credentials = {"email": customer.email, "password": PASSWORD, field: value}
        refused(api.post("/api/v1/auth/login", credentials), 400, field=field)


def test_signing_in_updates_the_last_login(api, customer):
    login(api)
    customer.refresh_from_db()
    assert customer.last_login is not None
