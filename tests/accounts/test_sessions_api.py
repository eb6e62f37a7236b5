"""Signing out: this client, one of the others, all of them."""

import pytest
from django.test import Client

from accounts.models import TokenFamily
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"


def login(api, user, agent="curl/8", **more):
    given = {"email": user.email, "password": PASSWORD, **more}
    return api.post(f"{AUTH}/login", given, HTTP_USER_AGENT=agent, REMOTE_ADDR="203.0.113.7").json()


def bearer(tokens):
    return {"HTTP_AUTHORIZATION": f"Bearer {tokens['access_token']}"}


def test_they_are_listed_with_where_they_began(api, customer):
    tokens = login(api, customer)
    login(api, customer, agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    listed = api.get(f"{AUTH}/sessions", **bearer(tokens)).json()
    assert [each["kind"] for each in listed] == ["web", "api", "api"]
    assert [each["current"] for each in listed] == [False, False, True]
    assert listed[2].keys() == {"id", "kind", "ip", "agent", "created_at", "last_used_at", "current"}
    assert (listed[2]["ip"], listed[2]["agent"]) == ("203.0.113.7", "curl/8")


def test_nobody_elses_are_listed_nor_ended(api, customer, stranger):
    tokens, other = login(api, customer), login(api, stranger)
    listed = api.get(f"{AUTH}/sessions", **bearer(other)).json()
    assert len(listed) == 1
    mine = str(TokenFamily.objects.get(user=customer).pk)
    refused(api.delete(f"{AUTH}/sessions/{mine}", **bearer(other)), 404, "Session not found")
    assert api.get(f"{AUTH}/me", **bearer(tokens)).status_code == 200


def test_a_session_key_of_the_pages_is_shown_nowhere(api, customer):
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    shown = api.get(f"{AUTH}/sessions", **bearer(login(api, customer))).content.decode()
    shown += client.get("/account/").content.decode()
    assert client.session.session_key not in shown


@pytest.mark.parametrize("unknown", ["5" * 24, "nonsense", "None", "%00", "x" * 300])
def test_an_unknown_one_is_a_404(api, customer, unknown):
    refused(api.delete(f"{AUTH}/sessions/{unknown}", **bearer(login(api, customer))), 404)


def test_one_is_ended_at_once_and_the_others_go_on(api, customer):
    tokens, ended = login(api, customer), login(api, customer)
    (pk,) = (s["id"] for s in api.get(f"{AUTH}/sessions", **bearer(ended)).json() if s["current"])
    assert api.delete(f"{AUTH}/sessions/{pk}", **bearer(tokens)).status_code == 204
    refused(api.get(f"{AUTH}/me", **bearer(ended)), 401)
    refused(api.post(f"{AUTH}/refresh", {"refresh_token": ended["refresh_token"]}), 401)
    assert api.get(f"{AUTH}/me", **bearer(tokens)).status_code == 200
    refused(api.delete(f"{AUTH}/sessions/{pk}", **bearer(tokens)), 404)


def test_a_session_of_the_pages_is_ended_from_the_api(api, customer):
    client = Client()
    client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    tokens = login(api, customer)
    (pk,) = (s["id"] for s in api.get(f"{AUTH}/sessions", **bearer(tokens)).json() if s["kind"] == "web")
    assert api.delete(f"{AUTH}/sessions/{pk}", **bearer(tokens)).status_code == 204
    assert client.get("/account/").status_code == 302


def test_signing_out_ends_the_session_of_the_bearer(api, customer):
    tokens, other = login(api, customer), login(api, customer)
    assert api.post(f"{AUTH}/logout", **bearer(tokens)).status_code == 204
    refused(api.get(f"{AUTH}/me", **bearer(tokens)), 401)
    refused(api.post(f"{AUTH}/refresh", {"refresh_token": tokens["refresh_token"]}), 401)
    assert api.get(f"{AUTH}/me", **bearer(other)).status_code == 200


def test_a_refresh_token_is_enough_to_sign_out_whatever_the_bearer(api, customer):
    tokens = login(api, customer)
    body = {"refresh_token": tokens["refresh_token"]}
    for _ in range(2):
        assert api.post(f"{AUTH}/logout", body, HTTP_AUTHORIZATION="Bearer expired").status_code == 204
    refused(api.get(f"{AUTH}/me", **bearer(tokens)), 401)


def test_signing_out_with_nothing_is_a_401(api, db):
    refused(api.post(f"{AUTH}/logout"), 401)
    refused(api.post(f"{AUTH}/logout", {"refresh_token": "nonsense"}), 401)


def test_signing_out_everywhere_ends_clients_and_pages(api, customer, stranger):
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


def test_signing_in_by_the_api_begins_no_session_of_the_pages(api, customer):
    login(api, customer)
    assert "sessionid" not in api.cookies
