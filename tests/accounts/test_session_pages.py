"""The account page lists the account's sessions, which can be ended one by one or all together."""

import re

import pytest
from django.test import Client

from accounts.models import WebSession
from accounts.sessions import services as sessions
from accounts.sessions.user_agents import describe
from accounts.users.services import update_user
from ecommerce.core.web.http import Device
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
ACCOUNT = "/account/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def browser_of(user, **extra):
    client = Client(**extra)
    client.post("/account/login/", {"email": user.email, "password": PASSWORD})
    return client


def listed_devices(client):
    return [each.device for each in client.get(ACCOUNT).context["sessions"]]


def end_urls(client):
    return re.findall(r'action="(/account/sessions/\w+/end/)"', client.get(ACCOUNT).content.decode())


def test_all_sessions_are_listed_and_the_current_one_is_marked(customer):
    sessions.start_session(customer, device=Device("203.0.113.7", "curl/8"))
    client = browser_of(customer, HTTP_USER_AGENT=FIREFOX)
    assert listed_devices(client) == ["Firefox on Linux", "curl"]
    assert client.get(ACCOUNT).content.decode().count(">Here<") == 1


def test_another_browser_can_be_signed_out(customer):
    here, there = browser_of(customer), browser_of(customer)
    other_url, own_url = end_urls(there)  # newest first
    here.post(other_url)
    assert there.get(ACCOUNT).status_code == 302
    assert end_urls(here) == [own_url]


def test_an_api_client_can_be_signed_out(api, customer):
    grant = sessions.start_session(customer, device=Device("203.0.113.7", "curl/8"))
    client = browser_of(customer)
    client.post(f"/account/sessions/{grant.refresh_token.partition('.')[0]}/end/")
    refused(api.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {grant.access_token}"), 401)
    assert len(listed_devices(client)) == 1


def test_ending_the_current_session_signs_out(customer):
    client = browser_of(customer)
    (end_url,) = end_urls(client)
    assert client.post(end_url)["Location"] == "/"
    assert client.get(ACCOUNT).status_code == 302


def test_a_session_of_another_account_cannot_be_ended(customer, stranger):
    client, other = browser_of(customer), browser_of(stranger)
    (end_url,) = end_urls(client)
    assert "has already ended" in other.post(end_url, follow=True).content.decode()
    assert client.get(ACCOUNT).status_code == 200


def test_signing_out_everywhere_ends_web_and_api_sessions(api, customer):
    grant = sessions.start_session(customer, device=Device("", ""))
    here, there = browser_of(customer), browser_of(customer)
    assert here.post("/account/logout-everywhere/")["Location"] == "/account/login/"
    for client in (here, there):
        assert client.get(ACCOUNT).status_code == 302
    refused(api.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {grant.access_token}"), 401)


@pytest.mark.parametrize("change", [{"role": "admin"}, {"is_active": False}])
def test_a_changed_role_or_state_ends_web_sessions(customer, change):
    client = browser_of(customer)
    update_user(pk=customer.pk, **change)
    assert client.get(ACCOUNT).status_code == 302


def test_rotating_the_secret_key_keeps_sessions(customer, settings):
    client = browser_of(customer)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    other = browser_of(customer)
    assert len(listed_devices(other)) == 2
    assert client.get(ACCOUNT).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(ACCOUNT).status_code == 200


def test_dropping_the_previous_secret_key_ends_its_sessions(customer, settings):
    client = browser_of(customer)
    settings.SECRET_KEY = "n" * 50
    assert client.get(ACCOUNT).status_code == 302


def test_an_anonymous_session_belongs_to_no_account(db, product):
    Client().post(f"/cart/add/{product.product_id}/")
    assert set(WebSession.objects.values_list("user", "public_id")) <= {(None, None)}


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1",
            ("Safari", "iPhone"),
        ),
        ("curl/8.5", ("curl", "")),
        ("<script>alert(1)</script>", ("", "")),
        ("", ("", "")),
    ],
)
def test_user_agents_get_readable_names(agent, expected):
    assert describe(agent) == expected
