"""Refresh tokens: each counts once, two tabs both go on, and a stolen one ends the session."""

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


def opens(api, answer):
    return api.get(ME, HTTP_AUTHORIZATION=f"Bearer {answer['access_token']}").status_code


def later(seconds):
    """As if the last rotation lay so far back."""
    TokenFamily.objects.update(rotated_at=timezone.now() - timedelta(seconds=seconds))


def test_it_answers_with_a_new_pair_that_opens_the_account(api, tokens):
    response = refresh(api, tokens["refresh_token"])
    assert response.status_code == 200
    assert response.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert response.json()["refresh_token"] != tokens["refresh_token"]
    assert response["Cache-Control"] == "no-store"
    assert opens(api, response.json()) == 200


def test_the_claims_name_the_family_and_the_version(api, tokens, customer):
    claims = jwt.decode(tokens["access_token"], live_settings.JWT_SECRET, algorithms=["HS256"])
    assert claims.keys() == {"sub", "role", "iat", "exp", "jti", "typ", "family", "version"}
    assert (claims["typ"], claims["version"]) == ("access", 0)
    assert claims["family"] == str(TokenFamily.objects.get().pk)


def test_within_ten_seconds_the_previous_token_gets_the_same_successor(api, tokens):
    first, second = (refresh(api, tokens["refresh_token"]).json() for _ in range(2))
    assert first["refresh_token"] == second["refresh_token"]
    assert opens(api, first) == opens(api, second) == 200


def test_a_later_reuse_ends_the_session_and_is_recorded(api, tokens, caplog):
    successor = refresh(api, tokens["refresh_token"]).json()
    later(11)
    refused(refresh(api, tokens["refresh_token"]), 401, "The refresh token is invalid or has expired.")
    refused(refresh(api, successor["refresh_token"]), 401)
    assert opens(api, successor) == 401
    assert "was used twice: its session" in caplog.text
    assert tokens["refresh_token"] not in caplog.text


def test_an_older_token_ends_the_session_even_within_ten_seconds(api, tokens):
    second = refresh(api, tokens["refresh_token"]).json()
    third = refresh(api, second["refresh_token"]).json()
    refused(refresh(api, tokens["refresh_token"]), 401)
    refused(refresh(api, third["refresh_token"]), 401)


def test_another_session_of_the_account_goes_on(api, tokens, customer):
    other = api.post(LOGIN, {"email": customer.email, "password": PASSWORD}).json()
    refresh(api, tokens["refresh_token"])
    later(11)
    refresh(api, tokens["refresh_token"])
    assert opens(api, other) == 200
    assert refresh(api, other["refresh_token"]).status_code == 200


def test_what_nobody_signed_ends_no_session(api, tokens):
    """A family's id is no secret: who knows it cannot sign its owner out."""
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
def test_what_is_no_text_is_refused(api, tokens, value):
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
        lambda user: set_password(user, "AnotherPass1"),
        lambda user: change_password(user, current=PASSWORD, password="AnotherPass1", ip=""),
        lambda user: update_user(pk=user.pk, role="admin"),
        lambda user: update_user(pk=user.pk, is_active=False),
        sessions.end_all_sessions,
        lambda user: user.delete(),
    ],
    ids=["set password", "changed password", "role", "disabled", "signed out everywhere", "deleted"],
)
def test_what_ends_an_accounts_sessions_ends_refreshing_too(api, tokens, customer, change):
    change(User.objects.get(pk=customer.pk))
    refused(refresh(api, tokens["refresh_token"]), 401)
    assert opens(api, tokens) == 401


def test_a_token_made_while_the_password_changes_is_worth_nothing(api, customer):
    """The session began with the account as it was read, before the change."""
    as_read = User.objects.get(pk=customer.pk)
    set_password(customer, "AnotherPass1")
    grant = sessions.start_session(as_read, device=sessions.Device("", ""))
    assert opens(api, {"access_token": grant.access_token}) == 401
    refused(refresh(api, grant.refresh_token), 401)


def test_nothing_stored_is_a_token(api, tokens):
    stored = str(list(TokenFamily.objects.values()))
    assert tokens["refresh_token"].split(".")[2] not in stored


class TestCookie:
    @pytest.fixture
    def browser(self, api, customer):
        response = api.post(LOGIN, {"email": customer.email, "password": PASSWORD, "cookie": True})
        assert "refresh_token" not in response.json()
        return api

    def test_no_script_reads_it_and_no_other_site_sends_it(self, browser):
        cookie = browser.cookies["refresh_token"]
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["path"]) == ("Strict", "/api/v1/auth")

    def test_over_https_it_is_secure(self, api, customer, settings):
        settings.SESSION_COOKIE_SECURE = True
        api.post(LOGIN, {"email": customer.email, "password": PASSWORD, "cookie": True})
        assert api.cookies["refresh_token"]["secure"]

    def test_it_refreshes_and_is_replaced(self, browser):
        before = browser.cookies["refresh_token"].value
        response = browser.post(REFRESH, **OURS)
        assert response.status_code == 200
        assert "refresh_token" not in response.json()
        assert browser.cookies["refresh_token"].value != before
        assert opens(browser, response.json()) == 200

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://testserver.evil.example", "null", ""])
    def test_another_origin_may_not_use_it(self, browser, origin):
        refused(browser.post(REFRESH, HTTP_ORIGIN=origin), 403, "This origin may not use the cookie.")
        refused(browser.post("/api/v1/auth/logout", HTTP_ORIGIN=origin), 403)
        assert browser.post(REFRESH, **OURS).status_code == 200

    def test_without_an_origin_it_counts_for_nothing(self, browser):
        refused(browser.post(REFRESH), 403)

    def test_an_allowed_front_end_may(self, browser):
        assert browser.post(REFRESH, HTTP_ORIGIN="http://localhost:3000").status_code == 200

    def test_a_form_of_another_site_is_refused_by_its_type(self, browser):
        content = "application/x-www-form-urlencoded"
        assert browser.post(REFRESH, "a=b", content_type=content, **OURS).status_code == 415

    def test_signing_out_takes_it_away(self, browser):
        assert browser.post("/api/v1/auth/logout", **OURS).status_code == 204
        assert browser.cookies["refresh_token"].value == ""
        refused(browser.post(REFRESH, **OURS), 401)

    def test_it_signs_in_nowhere_else(self, browser):
        refused(browser.get(ME, **OURS), 401)
        assert Client().get("/account/").status_code == 302
