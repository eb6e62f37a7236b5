"""Recently viewed products, which are stored in a cookie."""

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
def products() -> list[Product]:
    names = "abcdefghij"
    return [make_product(product_id=n, name=f"P{name}", slug=name) for n, name in enumerate(names, 1)]


def view(client: Client, slug: str, **extra: object) -> list[str]:
    """View a product, and return the names that the page shows as recently viewed."""
    text = unescape(client.get(f"/products/{slug}/", **extra).content.decode())
    section = text.partition('id="viewed-title"')[2].partition("</section>")[0]
    return [name.removeprefix("P") for name in re.findall(r'<span class="name">(.*?)</span>', section)]


def test_the_last_four_are_shown_newest_first_without_the_page_itself(client, products):
    assert view(client, "a") == []
    assert "Recently viewed" not in client.get("/products/a/").content.decode()
    assert view(client, "a") == []
    assert view(client, "b") == ["a"]
    for slug in "cdef":
        view(client, slug)
    assert view(client, "g") == ["f", "e", "d", "c"]
    assert view(client, "d") == ["g", "f", "e", "c"]


def test_the_cookie_stays_small_and_is_hidden_from_scripts_and_other_sites(client, products):
    for slug in "abcdefghij":
        view(client, slug)
    cookie = client.cookies["viewed"]
    assert cookie.value.startswith("10-9-8-7-6-5-4-3:")
    assert len(cookie.value) < 100
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 30 * 24 * 3600


def test_the_cookie_is_secure_if_the_shop_uses_https(client, products, settings):
    settings.SESSION_COOKIE_SECURE = True
    view(client, "a")
    assert client.cookies["__Host-viewed"]["secure"]


@pytest.mark.parametrize(
    "hostile",
    ["", "1", "1-2", "1-2:x:y", "-", "9" * 4000, "1-'\"><script>", "\x00", "ä", "{$ne:1}", "1:1:1:1"],
)
def test_a_cookie_without_a_valid_signature_is_ignored(client, products, hostile):
    client.cookies["viewed"] = hostile
    assert view(client, "c") == []
    assert view(client, "d") == ["c"]


def test_a_signature_is_only_valid_for_its_own_ids(client, products):
    view(client, "a")
    _, _, signature = client.cookies["viewed"].value.partition(":")
    client.cookies["viewed"] = f"2:{signature}"
    assert view(client, "c") == []


def test_hidden_and_deleted_products_are_replaced_by_older_ones(client, products):
    for slug in "abcdef":
        view(client, slug)
    update_product(pk=products[5].pk, is_active=False)
    delete_product(pk=products[4].pk)
    update_product(pk=products[3].pk, inventory=0, name="Pd2")
    assert view(client, "j") == ["d2", "c", "b", "a"]


def test_a_prefetched_page_counts_once_it_is_shown(client, products):
    ahead = client.get("/products/a/", headers=AHEAD)
    assert "viewed" not in client.cookies
    (picture,) = re.findall(r'<img src="(/products/seen/1.svg)"', ahead.content.decode())
    client.get(picture, headers={"Sec-Purpose": "prefetch;prerender"})
    assert "viewed" not in client.cookies
    shown = client.get(picture)
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert view(client, "b") == ["a"]
    assert "/products/seen/" not in client.get("/products/b/").content.decode()


@pytest.mark.parametrize("number", [11, 2**31, 10**30])
def test_an_unknown_product_has_no_picture(client, products, number):
    assert client.get(f"/products/seen/{number}.svg").status_code == 404
    assert not client.cookies


def test_a_head_request_does_not_count(client, products):
    client.head("/products/a/")
    assert "viewed" not in client.cookies


def test_a_cached_page_needs_no_database_query(client, products, sent):
    for slug in "abcdeabcde":
        view(client, slug)
    assert sent(lambda: view(client, "a")) == []
    assert view(client, "a") == ["e", "d", "c", "b"]
    other = Client()
    other.get("/products/b/")
    assert sent(lambda: view(other, "c")) == []  # products that other visitors have viewed are cached, too


def test_a_missing_page_is_not_remembered(client, products):
    client.get("/products/nothing/")
    assert "viewed" not in client.cookies
    assert recently_viewed.REMEMBERED > recently_viewed.SHOWN
