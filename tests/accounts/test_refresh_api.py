"""A refresh token works once, concurrent tabs stay signed in, and a reused token ends the session."""

from datetime import timedelta

import jwt
import pytest
from django.conf import settings as live_settings
from django.test import Client
from django.utils import timezone

from accounts.models import TokenFamily, User
from accounts.recovery.services import change_password, set_password
from accounts.sessions import services as sessions
from accounts.users.services import update_user
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/me"
OURS = {"HTTP_ORIGIN": "http://testserver"}


@pytest.fixture
def tokens(api, customer):
    return api.post(LOGIN, {"email": customer.email, "password": PASSWORD}).json()


def refresh(api, token):
    return api.post(REFRESH, {"refresh_token": token})


def me_status(api, answer):
    return api.get(ME, HTTP_AUTHORIZATION=f"Bearer {answer['access_token']}").status_code


def age_last_rotation(seconds):
    """Pretend that the last rotation was this many seconds ago."""
    TokenFamily.objects.update(rotated_at=timezone.now() - timedelta(seconds=seconds))


def test_it_answers_with_a_new_pair_of_working_tokens(api, tokens):
    response = refresh(api, tokens["refresh_token"])
    assert response.status_code == 200
    assert response.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert response.json()["refresh_token"] != tokens["refresh_token"]
    assert response["Cache-Control"] == "no-store"
    assert me_status(api, response.json()) == 200


def test_the_claims_name_the_family_and_the_version(api, tokens, customer):
    claims = jwt.decode(tokens["access_token"], live_settings.JWT_SECRET, algorithms=["HS256"])
    assert claims.keys() == {"sub", "role", "iat", "exp", "jti", "typ", "family", "version"}
    assert (claims["typ"], claims["version"]) == ("access", 0)
    assert claims["family"] == str(TokenFamily.objects.get().pk)


def test_within_ten_seconds_the_previous_token_gets_the_same_successor(api, tokens):
    first, second = (refresh(api, tokens["refresh_token"]).json() for _ in range(2))
    assert first["refresh_token"] == second["refresh_token"]
    assert me_status(api, first) == me_status(api, second) == 200


def test_a_later_reuse_ends_the_session_and_is_recorded(api, tokens, caplog):
    successor = refresh(api, tokens["refresh_token"]).json()
    age_last_rotation(11)
    refused(refresh(api, tokens["refresh_token"]), 401, "The refresh token is invalid or has expired.")
    refused(refresh(api, successor["refresh_token"]), 401)
    assert me_status(api, successor) == 401
    assert "was used twice: its session" in caplog.text
    assert tokens["refresh_token"] not in caplog.text


def test_an_older_token_ends_the_session_even_within_ten_seconds(api, tokens):
    second = refresh(api, tokens["refresh_token"]).json()
    third = refresh(api, second["refresh_token"]).json()
    refused(refresh(api, tokens["refresh_token"]), 401)
    refused(refresh(api, third["refresh_token"]), 401)


def test_another_session_of_the_account_continues(api, tokens, customer):
    other = api.post(LOGIN, {"email": customer.email, "password": PASSWORD}).json()
    refresh(api, tokens["refresh_token"])
    age_last_rotation(11)
    refresh(api, tokens["refresh_token"])
    assert me_status(api, other) == 200
    assert refresh(api, other["refresh_token"]).status_code == 200


def test_a_forged_token_does_not_end_the_session(api, tokens):
    """The id of a family is not secret, so knowing it must not suffice to sign its owner out."""
    family, generation, signature = tokens["refresh_token"].split(".")
    for forged in (
        f"{family}.{generation}.{'A' * 43}",
        f"{family}.1.{signature}",
        f"{'5' * 24}.{generation}.{signature}",
        f"{family}.{generation}.{signature}=",
        f"{family}.-1.{signature}",
        f"{family}..{signature}",
        f"{family}.{'9' * 30}.{signature}",
        "nonsense",
        "x" * 200,
    ):
        refused(refresh(api, forged), 401)
    assert refresh(api, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("value", [{"$ne": ""}, [], True, "nul\0", "\ud800", "x" * 201, ""])
def test_values_that_are_not_tokens_are_refused(api, tokens, value):
    assert refresh(api, value).status_code in (400, 401)


def test_no_token_at_all_is_a_401(api, db):
    refused(api.post(REFRESH), 401)
    refused(api.post(REFRESH, {}), 401)


def test_an_expired_family_is_refused(api, tokens):
    TokenFamily.objects.update(expires_at=timezone.now())
    refused(refresh(api, tokens["refresh_token"]), 401)


@pytest.mark.parametrize(
    "change",
    [
        lambda user: set_password(user, password="AnotherPass1"),
        lambda user: change_password(user, current=PASSWORD, password="AnotherPass1", ip=""),
        lambda user: update_user(pk=user.pk, role="admin"),
        lambda user: update_user(pk=user.pk, is_active=False),
        sessions.end_all_sessions,
        lambda user: user.delete(),
    ],
    ids=["set password", "changed password", "role", "disabled", "signed out everywhere", "deleted"],
)
def test_ending_all_sessions_ends_refreshing(api, tokens, customer, change):
    change(User.objects.get(pk=customer.pk))
    refused(refresh(api, tokens["refresh_token"]), 401)
    assert me_status(api, tokens) == 401


def test_a_session_begun_during_a_password_change_is_invalid(api, customer):
    """The session is created from the account as it was read before the change."""
    as_read = User.objects.get(pk=customer.pk)
    set_password(customer, password="AnotherPass1")
    grant = sessions.start_session(as_read, device=sessions.Device("", ""))
    assert me_status(api, {"access_token": grant.access_token}) == 401
    refused(refresh(api, grant.refresh_token), 401)


def test_no_refresh_token_is_stored(api, tokens):
    stored = str(list(TokenFamily.objects.values()))
    assert tokens["refresh_token"].split(".")[2] not in stored


class TestCookie:
    @pytest.fixture
    def browser(self, api, customer):
        response = api.post(LOGIN, {"email": customer.email, "password": PASSWORD, "cookie": True})
        assert "refresh_token" not in response.json()
        return api

    def test_it_is_http_only_and_same_site(self, browser):
        cookie = browser.cookies["refresh_token"]
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["path"]) == ("Strict", "/api/v1/auth")

    def test_it_is_secure_over_https(self, api, customer, settings):
        settings.SESSION_COOKIE_SECURE = True
        api.post(LOGIN, {"email": customer.email, "password": PASSWORD, "cookie": True})
        assert api.cookies["__Secure-refresh_token"]["secure"]

    def test_refreshing_replaces_it(self, browser):
        before = browser.cookies["refresh_token"].value
        response = browser.post(REFRESH, **OURS)
        assert response.status_code == 200
        assert "refresh_token" not in response.json()
        assert browser.cookies["refresh_token"].value != before
        assert me_status(browser, response.json()) == 200

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://testserver.evil.example", "null", ""])
    def test_another_origin_may_not_use_it(self, browser, origin):
        refused(browser.post(REFRESH, HTTP_ORIGIN=origin), 403, "This origin may not use the cookie.")
        refused(browser.post("/api/v1/auth/logout", HTTP_ORIGIN=origin), 403)
        assert browser.post(REFRESH, **OURS).status_code == 200

    def test_a_request_without_an_origin_is_refused(self, browser):
        refused(browser.post(REFRESH), 403)

    def test_an_allowed_front_end_may_use_it(self, browser):
        assert browser.post(REFRESH, HTTP_ORIGIN="http://localhost:3000").status_code == 200

    def test_a_submitted_form_is_refused_for_its_content_type(self, browser):
        content = "application/x-www-form-urlencoded"
        assert browser.post(REFRESH, "a=b", content_type=content, **OURS).status_code == 415

    def test_signing_out_deletes_it(self, browser):
        assert browser.post("/api/v1/auth/logout", **OURS).status_code == 204
        assert browser.cookies["refresh_token"].value == ""
        refused(browser.post(REFRESH, **OURS), 401)

    def test_it_authenticates_no_other_request(self, browser):
        refused(browser.get(ME, **OURS), 401)
        assert Client().get("/account/").status_code == 302
