"""Listing sessions and ending the current one, another one, or all of them."""

import pytest
from django.test import Client

from accounts.models import TokenFamily
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"


def login(api, user, agent="curl/8", **more):
    credentials = {"email": user.email, "password": PASSWORD, **more}
    return api.post(f"{AUTH}/login", credentials, HTTP_USER_AGENT=agent, REMOTE_ADDR="203.0.113.7").json()


def bearer(tokens):
    return {"HTTP_AUTHORIZATION": f"Bearer {tokens['access_token']}"}


def test_sessions_are_listed_with_kind_and_origin(api, customer):
    tokens = login(api, customer)
    login(api, customer, agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    listed = api.get(f"{AUTH}/sessions", **bearer(tokens)).json()
    assert [each["kind"] for each in listed] == ["web", "api", "api"]
    assert [each["current"] for each in listed] == [False, False, True]
    assert listed[2].keys() == {"id", "kind", "ip", "agent", "created_at", "last_used_at", "current"}
    assert (listed[2]["ip"], listed[2]["agent"]) == ("203.0.113.7", "curl/8")


def test_sessions_of_other_accounts_are_neither_listed_nor_ended(api, customer, stranger):
    tokens, other = login(api, customer), login(api, stranger)
    listed = api.get(f"{AUTH}/sessions", **bearer(other)).json()
    assert len(listed) == 1
    session_id = str(TokenFamily.objects.get(user=customer).pk)
    refused(api.delete(f"{AUTH}/sessions/{session_id}", **bearer(other)), 404, "Session not found")
    assert api.get(f"{AUTH}/me", **bearer(tokens)).status_code == 200


def test_the_key_of_a_web_session_is_never_shown(api, customer):
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    shown = api.get(f"{AUTH}/sessions", **bearer(login(api, customer))).content.decode()
    shown += client.get("/account/").content.decode()
    assert client.session.session_key not in shown


@pytest.mark.parametrize("session_id", ["5" * 24, "nonsense", "None", "%00", "x" * 300])
def test_an_unknown_session_is_a_404(api, customer, session_id):
    refused(api.delete(f"{AUTH}/sessions/{session_id}", **bearer(login(api, customer))), 404)


def test_ending_a_session_takes_effect_at_once_and_keeps_the_others(api, customer):
    tokens, ended = login(api, customer), login(api, customer)
    (pk,) = (s["id"] for s in api.get(f"{AUTH}/sessions", **bearer(ended)).json() if s["current"])
    assert api.delete(f"{AUTH}/sessions/{pk}", **bearer(tokens)).status_code == 204
    refused(api.get(f"{AUTH}/me", **bearer(ended)), 401)
    refused(api.post(f"{AUTH}/refresh", {"refresh_token": ended["refresh_token"]}), 401)
    assert api.get(f"{AUTH}/me", **bearer(tokens)).status_code == 200
    refused(api.delete(f"{AUTH}/sessions/{pk}", **bearer(tokens)), 404)


def test_a_web_session_can_be_ended_through_the_api(api, customer):
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    tokens = login(api, customer)
    (pk,) = (s["id"] for s in api.get(f"{AUTH}/sessions", **bearer(tokens)).json() if s["kind"] == "web")
    assert api.delete(f"{AUTH}/sessions/{pk}", **bearer(tokens)).status_code == 204
    assert client.get("/account/").status_code == 302


def test_signing_out_ends_the_session_of_the_bearer_token(api, customer):
    tokens, other = login(api, customer), login(api, customer)
    assert api.post(f"{AUTH}/logout", **bearer(tokens)).status_code == 204
    refused(api.get(f"{AUTH}/me", **bearer(tokens)), 401)
    refused(api.post(f"{AUTH}/refresh", {"refresh_token": tokens["refresh_token"]}), 401)
    assert api.get(f"{AUTH}/me", **bearer(other)).status_code == 200


def test_a_refresh_token_signs_out_even_with_an_expired_bearer_token(api, customer):
    tokens = login(api, customer)
    body = {"refresh_token": tokens["refresh_token"]}
    for _ in range(2):
        assert api.post(f"{AUTH}/logout", body, HTTP_AUTHORIZATION="Bearer expired").status_code == 204
    refused(api.get(f"{AUTH}/me", **bearer(tokens)), 401)


def test_signing_out_without_a_token_is_a_401(api, db):
    refused(api.post(f"{AUTH}/logout"), 401)
    refused(api.post(f"{AUTH}/logout", {"refresh_token": "nonsense"}), 401)


def test_signing_out_everywhere_ends_api_and_web_sessions(api, customer, stranger):
    tokens, other, strangers = login(api, customer), login(api, customer), login(api, stranger)
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    assert api.post(f"{AUTH}/logout-all", **bearer(tokens)).status_code == 204
    for ended in (tokens, other):
        refused(api.get(f"{AUTH}/me", **bearer(ended)), 401)
        refused(api.post(f"{AUTH}/refresh", {"refresh_token": ended["refresh_token"]}), 401)
    assert client.get("/account/").status_code == 302
    assert api.get(f"{AUTH}/me", **bearer(strangers)).status_code == 200
    assert len(api.get(f"{AUTH}/sessions", **bearer(login(api, customer))).json()) == 1


def test_signing_in_through_the_api_starts_no_web_session(api, customer):
    login(api, customer)
    assert "sessionid" not in api.cookies
