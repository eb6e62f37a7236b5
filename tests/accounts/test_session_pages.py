"""Where an account is signed in, on its page: each can be ended, one by one and all together."""

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


def shown(client):
    return [each.device for each in client.get(ACCOUNT).context["sessions"]]


def end_addresses(client):
    return re.findall(r'action="(/account/sessions/\w+/end/)"', client.get(ACCOUNT).content.decode())


def test_pages_and_clients_are_listed_and_this_one_is_marked(customer):
    sessions.start_session(customer, device=Device("203.0.113.7", "curl/8"))
    client = browser_of(customer, HTTP_USER_AGENT=FIREFOX)
    assert shown(client) == ["Firefox on Linux", "curl"]
    assert client.get(ACCOUNT).content.decode().count(">Here<") == 1


def test_another_browser_is_signed_out_from_here(customer):
    here, there = browser_of(customer), browser_of(customer)
    of_there, of_here = end_addresses(there)  # the newest first
    here.post(of_there)
    assert there.get(ACCOUNT).status_code == 302
    assert end_addresses(here) == [of_here]


def test_a_client_of_the_api_is_signed_out_from_here(api, customer):
    grant = sessions.start_session(customer, device=Device("203.0.113.7", "curl/8"))
    client = browser_of(customer)
    client.post(f"/account/sessions/{grant.refresh_token.partition('.')[0]}/end/")
    refused(api.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {grant.access_token}"), 401)
    assert len(shown(client)) == 1


def test_ending_this_one_signs_out(customer):
    client = browser_of(customer)
    (address,) = end_addresses(client)
    assert client.post(address)["Location"] == "/"
    assert client.get(ACCOUNT).status_code == 302


def test_somebody_elses_is_not_ended(customer, stranger):
    client, other = browser_of(customer), browser_of(stranger)
    (address,) = end_addresses(client)
    assert "has already ended" in other.post(address, follow=True).content.decode()
    assert client.get(ACCOUNT).status_code == 200


def test_everywhere_is_everywhere(api, customer):
    grant = sessions.start_session(customer, device=Device("", ""))
    here, there = browser_of(customer), browser_of(customer)
    assert here.post("/account/logout-everywhere/")["Location"] == "/account/login/"
    for client in (here, there):
        assert client.get(ACCOUNT).status_code == 302
    refused(api.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {grant.access_token}"), 401)


@pytest.mark.parametrize("change", [{"role": "admin"}, {"is_active": False}])
def test_another_role_or_state_ends_the_pages_too(customer, change):
    client = browser_of(customer)
    update_user(pk=customer.pk, **change)
    assert client.get(ACCOUNT).status_code == 302


def test_another_secret_key_signs_nobody_out(customer, settings):
    client = browser_of(customer)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    other = browser_of(customer)
    assert len(shown(other)) == 2
    assert client.get(ACCOUNT).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(ACCOUNT).status_code == 200


def test_without_the_previous_key_its_sessions_end(customer, settings):
    client = browser_of(customer)
    settings.SECRET_KEY = "n" * 50
    assert client.get(ACCOUNT).status_code == 302


def test_a_visitors_session_belongs_to_nobody(db, product):
    Client().post(f"/cart/add/{product.product_id}/")
    assert set(WebSession.objects.values_list("user", "public_id")) <= {(None, None)}


@pytest.mark.parametrize(
    ("agent", "said"),
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
def test_a_browser_is_named_as_a_person_would(agent, said):
    assert describe(agent) == said
