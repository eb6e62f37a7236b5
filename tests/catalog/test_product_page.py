import json
import re
from decimal import Decimal
from html import unescape

import pytest

from catalog.services import update_product
from tests.support.factories import product

pytestmark = pytest.mark.django_db
ATTACK = "</script><script>alert(1)</script>"


def page(client, slug):
    response = client.get(f"/products/{slug}/")
    assert response.status_code == 200
    return response.content.decode()


def facts(text):
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    return {fact["@type"]: fact for fact in map(json.loads, blocks)}


@pytest.fixture
def lamp(db):
    return product(
        product_id=7,
        name="Lamp",
        slug="lamp",
        category="Home",
        price=Decimal("2499.99"),
        description="Bright.",
    )


def test_it_shows_what_one_needs_to_buy_it(client, lamp):
    text = page(client, "lamp")
    assert re.search(r"<title>Lamp . Marlow</title>", text)
    assert '<meta name="description" content="Bright.">' in text
    assert "$2,499.99" in text
    assert "In stock" in text
    assert 'action="/cart/add/7/" method="post"' in text
    assert re.search(r'name="qty" type="number" .*?min="1" max="10" value="1"', text)
    assert '<a href="/categories/home/">Home</a>' in text


@pytest.mark.parametrize(
    ("inventory", "words"), [(0, "Sold out"), (1, "Only 1 left"), (5, "Only 5 left"), (6, "In stock")]
)
def test_the_stock_line_tells_how_many_are_left(client, inventory, words):
    product(slug="thing", inventory=inventory)
    assert words in page(client, "thing")


def test_sold_out_keeps_the_page_and_offers_what_can_be_bought(client, lamp):
    product(slug="gone", name="Gone", category="Home", inventory=0)
    product(name="Gone too", category="Home", inventory=0)
    text = page(client, "gone")
    assert "Add to cart" not in text
    assert "Similar products in stock" in text
    related = text.split('id="related"')[1]
    assert "Lamp" in related
    assert "Gone too" not in related


def test_a_product_alone_in_its_category_suggests_others(client, lamp):
    product(slug="odd", category="Odd")
    product(slug="none", category=None)
    assert "Lamp" in page(client, "odd").split('id="related"')[1]
    assert "Lamp" in page(client, "none").split('id="related"')[1]


def test_it_never_suggests_itself(client, lamp):
    assert 'id="related"' not in page(client, "lamp")


@pytest.mark.parametrize(("before", "sale"), [("100", True), ("20", False), ("10", False), (None, False)])
def test_a_reduction_is_said_in_words(client, before, sale):
    product(slug="thing", price=Decimal("20"), compare_at_price=before and Decimal(before))
    text = page(client, "thing")
    assert ("<s>$100.00</s>" in text) == sale
    assert ('<span class="visually-hidden">was</span>' in text) == sale


def test_a_name_cannot_break_out_of_its_place(client):
    product(slug="attack", name=ATTACK, description=ATTACK + "\n\n<b>x</b>", category=ATTACK)
    for url in ("/products/attack/", "/products/", "/"):
        assert "alert(1)</script>" not in client.get(url).content.decode()
    assert facts(page(client, "attack"))["Product"]["name"] == ATTACK


def test_search_engines_read_the_facts(client, lamp):
    found = facts(page(client, "lamp"))
    offer = found["Product"]["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("2499.99", "USD")
    assert offer["availability"] == "https://schema.org/InStock"
    items = found["BreadcrumbList"]["itemListElement"]
    assert [item["name"] for item in items] == ["Home", "Home", "Lamp"]
    assert items[2]["item"] == "http://testserver/products/lamp/"


def test_it_has_one_address_whatever_is_added_to_it(client, lamp):
    text = client.get("/products/lamp/?utm_source=letter").content.decode()
    assert '<link rel="canonical" href="http://testserver/products/lamp/">' in text
    assert "noindex" not in text


def test_a_picture_elsewhere_keeps_its_address_and_none_has_a_placeholder(client):
    product(slug="far", image="https://example.com/a.png")
    product(slug="bare")
    assert 'src="https://example.com/a.png" width="800" height="800"' in page(client, "far")
    assert "empty-picture" in page(client, "bare")
    assert 'property="og:image" content="https://example.com/a.png"' in page(client, "far")


@pytest.mark.parametrize("slug", ["nothing", "a.b", "%ED%A0%80", "%00", "x" * 5000, "a b"])
def test_an_unknown_product_is_a_page_with_a_search_and_a_way_home(client, slug):
    response = client.get(f"/products/{slug}/")
    text = unescape(response.content.decode())
    assert response.status_code == 404
    assert "We cannot find that page" in text
    assert 'id="search-again" name="q"' in text
    assert 'href="/">Go to the home page' in text
    assert "noindex" in text


def test_a_hidden_product_is_not_found(client, lamp):
    assert page(client, "lamp")
    update_product(pk=lamp.pk, is_active=False)
    assert client.get("/products/lamp/").status_code == 404


def test_a_warm_page_leaves_the_database_alone(client, lamp, django_assert_num_queries):
    page(client, "lamp")
    with django_assert_num_queries(0):
        page(client, "lamp")


def test_the_error_page_asks_nothing_of_the_database(settings, client, lamp, monkeypatch):
    def broken(slug):
        raise RuntimeError(slug)

    monkeypatch.setattr("catalog.queries.get_product", broken)
    client.raise_request_exception = False
    response = client.get("/products/lamp/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
