"""A stored page has nothing of the visitor whose request filled it, and each visitor gets their own holes."""

import re
from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from accounts.models import User
from cart.models import Guest
from cart.services import add_item
from catalog.services import update_product
from catalog.storefront import views
from ecommerce.core import redis
from ecommerce.site.hot_path import answers
from tests.support.wsgi import Reply, send

PAGES = ("/", "/products/", "/categories/light/", "/products/lamp/", "/de/products/lamp/")
CART_COUNT = re.compile(r'id="cart-count"[^>]*>(\d+)<')
FORM_SECRET = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def rich(lamp, staff) -> str:
    """The cookies of a signed-in member of staff with a full cart, viewed products and a form's secret."""
    browser = Client()
    browser.force_login(staff)
    browser.get("/products/lamp/")
    add_item(user=staff, product_id=lamp.product_id, qty=7)
    return "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items())


def guest_with(qty: int, product) -> str:
    guest = Guest.new()
    add_item(user=guest, product_id=product.product_id, qty=qty)
    return f"cart={guest.token}"


def count_in(reply: Reply) -> str:
    match = CART_COUNT.search(reply.text)
    assert match
    return match[1]


def stored_pages() -> list[str]:
    """Return the texts of all stored pages."""
    client = redis.client()
    payloads = [client.get(key).partition(b"\n")[2] for key in client.keys("ecommerce:products:page:*")]
    bodies = [answers.Answer.decode(payload).body for payload in payloads]
    return [b"".join(p.text for p in body if isinstance(p, answers.Part)).decode() for body in bodies]


def test_each_visitor_gets_their_own_holes_in_the_page_that_another_has_filled(get, lamp, rich):
    two, three = guest_with(2, lamp), guest_with(3, lamp)
    for page in PAGES:
        first = get(page, HTTP_COOKIE=rich)
        assert (count_in(first), "/admin/" in first.text) == ("7", True)
        assert [count_in(get(page, HTTP_COOKIE=cookie)) for cookie in (two, three)] == ["2", "3"]
        visitor = get(page)
        assert (count_in(visitor), "/admin/" in visitor.text) == ("0", False)
        assert "Recently viewed" not in visitor.text


def test_a_stored_page_has_nothing_of_the_visitor_who_filled_it(get, rich, staff):
    for page in PAGES:
        assert (
            get(page, HTTP_COOKIE=rich, HTTP_USER_AGENT="tell-tale", REMOTE_ADDR="203.0.113.9").status
            == "200 OK"
        )
    pages = stored_pages()
    assert len(pages) == len(PAGES)
    assert leaks("".join(pages), rich, staff) == []
    assert "/admin/" not in "".join(pages)


@pytest.fixture
def poisoned(monkeypatch):
    """Views that print all they know about the visitor of their request, as a careless one might."""

    def render(request: HttpRequest, *_: object) -> HttpResponse:
        known = request.COOKIES, dict(request.headers), request.META.get("REMOTE_ADDR"), request.user
        return HttpResponse(f"{known} {request.session.session_key}")

    monkeypatch.setattr(views, "render", render)


def what_the_next_visitor_sees(get: Callable[..., Reply], cookies: str) -> str:
    get("/", HTTP_COOKIE=cookies, HTTP_X_CART_TOKEN="tell-tale", REMOTE_ADDR="203.0.113.9")
    return get("/").text


def leaks(text: str, cookies: str, staff: User) -> list[str]:
    values = [cookie.partition("=")[2] for cookie in cookies.split("; ")]
    return [each for each in (*values, staff.email, "tell-tale", "203.0.113.9") if each in text]


def test_a_careless_view_has_nothing_to_leak(get, rich, staff, poisoned):
    assert leaks(what_the_next_visitor_sees(get, rich), rich, staff) == []


def test_control_with_the_request_of_the_visitor_it_leaks(get, rich, staff, poisoned, monkeypatch):
    def own_request(environ: answers.Environ, *_: str) -> answers.Environ:
        return environ | {answers.SHARED_ANSWER: _[-1]}

    monkeypatch.setattr(answers, "_shared_request", own_request)
    assert len(leaks(what_the_next_visitor_sees(get, rich), rich, staff)) > 3


def test_an_answer_that_sets_a_cookie_is_not_stored(get, lamp, monkeypatch, caplog):
    def render(*_: object) -> HttpResponse:
        response = HttpResponse("for one visitor")
        response.set_cookie("secret", "one's own")
        return response

    monkeypatch.setattr(views, "render", render)
    assert [get("/").header("Set-Cookie").strip().partition("=")[0] for _ in range(2)] == ["secret"] * 2
    assert stored_pages() == []
    assert "sets a cookie" in caplog.text


def test_a_product_cannot_make_a_hole(get, lamp):
    text = "<!--hole x form_token -->{% hole 'form_token' %}"
    update_product(pk=str(lamp.pk), name=text, description=text)
    page = get("/products/lamp/").text
    assert page.count("csrfmiddlewaretoken") == 1
    assert "&lt;!--hole x form_token --&gt;" in page


def test_the_form_of_a_stored_page_works_for_each_visitor(get, hot, lamp):
    for _ in range(2):
        page = get("/products/lamp/")
        secret = FORM_SECRET.findall(page.text)[0]
        cookie = page.header("Set-Cookie").partition(";")[0]
        assert cookie == f"csrftoken={secret}"
        form = f"csrfmiddlewaretoken={secret}&qty=1".encode()
        meta = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
        url = f"/cart/add/{lamp.product_id}/"
        assert send(hot, url, "POST", form, HTTP_COOKIE=cookie, **meta).status[:3] == "302"
        forged = send(hot, url, "POST", form, HTTP_COOKIE=f"csrftoken={'a' * 32}", **meta)
        assert forged.status[:3] == "403"


def test_the_secrets_of_two_visitors_differ(get, lamp):
    pages = [get("/products/lamp/").text for _ in range(2)]
    assert len({FORM_SECRET.findall(page)[0] for page in pages}) == 2


def test_messages_are_shown_once_and_never_stored(hot, get, lamp):
    page = get("/products/lamp/")
    secret = FORM_SECRET.findall(page.text)[0]
    form = f"csrfmiddlewaretoken={secret}&qty=1".encode()
    meta = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_COOKIE": f"csrftoken={secret}"}
    added = send(hot, f"/cart/add/{lamp.product_id}/", "POST", form, **meta)
    cookies = "; ".join(value.partition(";")[0] for name, value in added.headers if name == "Set-Cookie")
    assert "messages=" in cookies
    shown = get("/products/lamp/", HTTP_COOKIE=cookies)
    assert "Lamp is in your cart." in shown.text
    assert "messages=" in shown.header("Set-Cookie"), "the cookie is deleted"
    assert "is in your cart" not in get("/products/lamp/").text
