"""What a visitor looked at last, from a cookie of theirs."""

import re
from html import unescape

import pytest
from django.test import Client

from catalog.models import Product
from catalog.services import delete_product, update_product
from catalog.storefront import recently_viewed
from tests.support.factories import product as make_product

pytestmark = pytest.mark.django_db
AHEAD = {"Sec-Purpose": "prefetch"}


@pytest.fixture
def shelf() -> list[Product]:
    names = "abcdefghij"
    return [make_product(product_id=n, name=f"P{name}", slug=name) for n, name in enumerate(names, 1)]


def look(client: Client, slug: str, **extra: object) -> list[str]:
    """The names in the section; nothing where there is none."""
    text = unescape(client.get(f"/products/{slug}/", **extra).content.decode())
    section = text.partition('id="viewed-title"')[2].partition("</section>")[0]
    return [name.removeprefix("P") for name in re.findall(r'<span class="name">(.*?)</span>', section)]


def test_the_last_four_are_shown_the_newest_first_and_never_the_page_itself(client, shelf):
    assert look(client, "a") == []
    assert "Recently viewed" not in client.get("/products/a/").content.decode()
    assert look(client, "a") == []
    assert look(client, "b") == ["a"]
    for slug in "cdef":
        look(client, slug)
    assert look(client, "g") == ["f", "e", "d", "c"]
    assert look(client, "d") == ["g", "f", "e", "c"]


def test_the_cookie_is_small_stays_small_and_is_not_for_scripts_or_other_sites(client, shelf):
    for slug in "abcdefghij":
        look(client, slug)
    cookie = client.cookies["viewed"]
    assert cookie.value.startswith("10-9-8-7-6-5-4-3:")
    assert len(cookie.value) < 100
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 30 * 24 * 3600


def test_it_is_sent_by_https_alone_where_the_shop_is_there(client, shelf, settings):
    settings.SESSION_COOKIE_SECURE = True
    look(client, "a")
    assert client.cookies["viewed"]["secure"]


@pytest.mark.parametrize(
    "hostile",
    ["", "1", "1-2", "1-2:x:y", "-", "9" * 4000, "1-'\"><script>", "\x00", "ä", "{$ne:1}", "1:1:1:1"],
)
def test_what_the_shop_did_not_sign_counts_as_nothing(client, shelf, hostile):
    client.cookies["viewed"] = hostile
    assert look(client, "c") == []
    assert look(client, "d") == ["c"]


def test_a_signature_holds_for_its_own_numbers_alone(client, shelf):
    look(client, "a")
    _, _, signature = client.cookies["viewed"].value.partition(":")
    client.cookies["viewed"] = f"2:{signature}"
    assert look(client, "c") == []


def test_hidden_and_deleted_ones_drop_out_and_older_ones_move_up(client, shelf):
    for slug in "abcdef":
        look(client, slug)
    update_product(pk=shelf[5].pk, is_active=False)
    delete_product(pk=shelf[4].pk)
    update_product(pk=shelf[3].pk, inventory=0, name="Pd2")
    assert look(client, "j") == ["d2", "c", "b", "a"]


def test_what_is_fetched_ahead_counts_once_it_is_shown(client, shelf):
    ahead = client.get("/products/a/", headers=AHEAD)
    assert "viewed" not in client.cookies
    (picture,) = re.findall(r'<img src="(/products/seen/1.svg)"', ahead.content.decode())
    client.get(picture, headers={"Sec-Purpose": "prefetch;prerender"})
    assert "viewed" not in client.cookies
    shown = client.get(picture)
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert look(client, "b") == ["a"]
    assert "/products/seen/" not in client.get("/products/b/").content.decode()


@pytest.mark.parametrize("number", [11, 2**31, 10**30])
def test_no_picture_is_of_no_product(client, shelf, number):
    assert client.get(f"/products/seen/{number}.svg").status_code == 404
    assert not client.cookies


def test_looking_for_the_headers_alone_is_not_looking(client, shelf):
    client.head("/products/a/")
    assert "viewed" not in client.cookies


def test_a_warm_page_asks_nothing_of_the_database(client, shelf, sent):
    for slug in "abcdeabcde":
        look(client, slug)
    assert sent(lambda: look(client, "a")) == []
    assert look(client, "a") == ["e", "d", "c", "b"]
    other = Client()
    other.get("/products/b/")
    assert sent(lambda: look(other, "c")) == []  # other visitors' products are warm, too


def test_a_page_that_is_not_found_is_not_remembered(client, shelf):
    client.get("/products/nothing/")
    assert "viewed" not in client.cookies
    assert recently_viewed.REMEMBERED > recently_viewed.SHOWN
