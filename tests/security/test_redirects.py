"""Signing in, up or out never redirects to another site, whatever `next` says."""

import re
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
ELSEWHERE = [
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "http:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "https:\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "\x0b//evil.example",
    "ht\ntps://evil.example",
    "hTTps://evil.example",
    "//testserver@evil.example",
    "http://testserver:x@evil.example/",
    "http://testserver.evil.example/",
    "//evil.example%2f@testserver/../",
    "//evil。example",
    "//evil.example:443/?testserver",
    "ftp://testserver/x",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)//testserver",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//[::1]/",
    "//[evil",
    "http://2130706433/",
]


HTTP = re.compile(r"(?:https?:/*|//+)([^/?#]*)", re.IGNORECASE)
OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
CONTROLS = "".join(map(chr, range(33)))


def leads_away(location: str) -> bool:
    """Return whether a browser would leave the shop.

    Browsers drop line ends and leading controls, and read any number of slashes or backslashes as two.
    """
    seen = re.sub(r"[\t\r\n]", "", location).strip(CONTROLS).replace("\\", "/")
    if match := HTTP.match(seen):
        return match[1] != "testserver"
    return bool(OTHER_SCHEME.match(seen))


def led_away(send: Callable[[str], HttpResponse]) -> list[str]:
    """Send every target, and return those that a browser would follow to another site."""
    answers = {target: send(target) for target in ELSEWHERE}
    assert {answer.status_code for answer in answers.values()} == {302}
    return [target for target, answer in answers.items() if leads_away(answer["Location"])]


def post(url: str, data: dict[str, str], **options: Any) -> HttpResponse:
    return Client().post(url, data, **options)


def test_every_target_leads_to_another_site() -> None:
    """The control: a shop that redirected to a target would fail the tests below."""
    assert [target for target in ELSEWHERE if not leads_away(target)] == []
    assert not leads_away("/orders/?next=http://x")
    assert not leads_away("http://testserver/orders/")


@pytest.mark.parametrize("way", ["query", "form"])
@pytest.mark.parametrize("url", ["/account/login/", "/admin/login/"])
def test_signing_in_stays_in_the_shop(staff: User, url: str, way: str) -> None:
    form = {"email": staff.email, "username": staff.email, "password": PASSWORD}

    def send(target: str) -> HttpResponse:
        if way == "query":
            return post(url, form, query_params={"next": target})
        return post(url, form | {"next": target})

    assert led_away(send) == []


def test_signing_up_stays_in_the_shop(db: None) -> None:
    numbers = count()

    def send(target: str) -> HttpResponse:
        return post(
            "/account/signup/",
            {"email": f"new{next(numbers)}@example.com", "password": PASSWORD, "next": target},
        )

    assert led_away(send) == []


@pytest.mark.parametrize("url", ["/account/login/", "/account/signup/"])
def test_signed_in_visitors_stay_in_the_shop(client: Client, customer: User, url: str) -> None:
    client.force_login(customer)
    assert led_away(lambda target: client.get(url, {"next": target})) == []


def test_signing_out_leads_to_the_home_page(client: Client, customer: User) -> None:
    client.force_login(customer)
    url = "/account/logout/"
    assert led_away(lambda target: client.post(url, {"next": target}, query_params={"next": target})) == []


def test_the_sign_in_page_links_to_no_other_site(client: Client, db: None) -> None:
    """The link from signing in to signing up carries `next` along."""
    pages = [client.get("/account/login/", {"next": target}).content.decode() for target in ELSEWHERE]
    assert [page for page in pages if "evil" in page] == []


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/x", "/\\evil.example/x", "///evil.example"]
)
def test_an_appended_slash_adds_no_host(client: Client, db: None, path: str) -> None:
    response = client.generic("GET", "/", PATH_INFO=path)
    assert response.status_code == 404 or not leads_away(response["Location"])


def test_signing_in_leads_to_a_page_of_the_shop(customer: User) -> None:
    form = {"email": customer.email, "password": PASSWORD, "next": "/orders/?page=2"}
    assert post("/account/login/", form)["Location"] == "/orders/?page=2"
