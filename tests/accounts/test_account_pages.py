import pytest
from django.test import Client

from accounts.models import User
from tests.support import factories

pytestmark = pytest.mark.django_db
LOGIN, SIGNUP, LOGOUT, ACCOUNT = "/account/login/", "/account/signup/", "/account/logout/", "/account/"


def credentials(email: str = "customer@example.com", **more: str) -> dict[str, str]:
    return {"email": email, "password": factories.PASSWORD, **more}


def test_a_new_customer_signs_up_and_is_signed_in(db: None) -> None:
    client = Client()
    assert client.post(SIGNUP, credentials("New@Example.com"))["Location"] == ACCOUNT
    assert "new@example.com" in client.get(ACCOUNT).content.decode()


def test_a_taken_email_is_refused_regardless_of_case(customer: User) -> None:
    response = Client().post(SIGNUP, credentials("Customer@Example.COM"))
    assert response.status_code == 422
    assert "Email already registered" in response.content.decode()
    assert User.objects.count() == 1


def test_wrong_credentials_show_an_error_and_keep_only_the_email(customer: User) -> None:
    response = Client().post(LOGIN, {"email": customer.email, "password": "wrong-password"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Invalid credentials" in page
    assert customer.email in page
    assert "wrong-password" not in page


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize("value", ["", "x", "a\x00b@example.com", "x" * 10_000])
def test_invalid_input_shows_an_error(field: str, value: str, db: None) -> None:
    response = Client().post(SIGNUP, credentials() | {field: value})
    assert response.status_code == 422
    assert not User.objects.exists()


def test_signing_in_redirects_to_the_page_the_visitor_came_from(customer: User) -> None:
    assert Client().post(LOGIN, credentials(next="/checkout/"))["Location"] == "/checkout/"


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
    ],
)
def test_signing_in_never_redirects_to_another_site(customer: User, evil: str) -> None:
    assert Client().post(LOGIN, credentials(next=evil))["Location"] == ACCOUNT
    assert Client().post(f"{LOGIN}?next={evil}", credentials())["Location"] == ACCOUNT


def test_signing_out_requires_a_post_and_ends_the_session(customer: User) -> None:
    client = Client()
    client.force_login(customer)
    assert client.get(LOGOUT).status_code == 405
    client.post(LOGOUT)
    assert client.get(ACCOUNT)["Location"].startswith(LOGIN)


def test_a_disabled_account_cannot_sign_in(customer: User) -> None:
    User.objects.filter(pk=customer.pk).update(is_active=False)
    assert Client().post(LOGIN, credentials()).status_code == 422


def test_the_session_key_changes_at_sign_in(customer: User) -> None:
    client = Client()
    client.post(f"/cart/add/{factories.product().product_id}/")
    before = client.session.session_key
    client.post(LOGIN, credentials())
    assert client.session.session_key not in (None, before)
