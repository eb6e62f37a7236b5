"""Search engines keep what has an address of its own, and nothing else; what they read of it is true."""

import json
import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client

from catalog.categories import update_category
from catalog.models import Category
from tests.security import routes
from tests.security.world import BROWSERS, World
from tests.support.factories import product as make_product

pytestmark = pytest.mark.django_db
ATTACK = "</script><script>alert(1)</script>"
KEPT = {"GET /", "GET /products/", "GET /products/<slug:slug>/", "GET /categories/<slug:slug>/"}
OF_THE_API = {"GET /docs", "GET /redoc"}  # its documentation, by templates that are not ours


def facts(text: str) -> dict[str, dict]:
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    return {fact["@type"]: fact for fact in map(json.loads, blocks)}


@pytest.mark.parametrize("somebody", ["anonymous", "customer", "admin"])
def test_every_page_has_one_address_or_is_kept_from_search_engines(somebody: str) -> None:
    world = World()
    world.parameters = lambda known=world.parameters: {**known(), "slug": _slug_of_both(world)}
    client, kept, seen = BROWSERS[somebody](world), set(), 0
    for row in (row for row in routes.page_rows() if row.startswith("GET ")):
        path = world.path(row.removeprefix("GET "))
        response = client.get(path)
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            text, seen = response.content.decode(), seen + 1
            canonical = re.findall(r'<link rel="canonical" href="(.*?)">', text)
            noindex = text.count('<meta name="robots" content="noindex">')
            assert len(canonical) + noindex == (0 if row in OF_THE_API else 1), row
            kept |= {row} if canonical else set()
            assert canonical in ([], [f"http://testserver{path}"]), row
    assert kept == KEPT
    assert seen > len(KEPT | OF_THE_API) + 3


def _slug_of_both(world: World) -> str:
    """The routes of a product and of a category name their parameter alike."""
    update_category(pk=Category.objects.get(name="Kitchen").pk, slug=world.product.slug)
    return world.product.slug


@pytest.mark.parametrize(
    "path", ["/no-such-page/", "/products/?q=x", "/products/?sort=name", "/products/?page=9"]
)
def test_what_is_no_page_of_its_own_is_kept_out(client: Client, path: str) -> None:
    make_product()
    text = client.get(path).content.decode()
    assert 'content="noindex"' in text
    assert "canonical" not in text


@pytest.mark.parametrize("price", ["0.01", "5.00", "1234.50", "9999999.99"])
def test_the_price_of_the_facts_is_the_price_of_the_page(client: Client, price: str) -> None:
    make_product(slug="tea", price=Decimal(price))
    text = client.get("/products/tea/").content.decode()
    (shown,) = re.findall(r'class="price lg">\s*<span>(.*?)</span>', text)
    offer = facts(text)["Product"]["offers"]
    assert Decimal(re.sub(r"[^\d.]", "", unescape(shown))) == Decimal(offer["price"]) == Decimal(price)


def test_the_facts_parse_whatever_the_names_are(client: Client) -> None:
    make_product(slug="tea", name=ATTACK, category=ATTACK, description=f"{ATTACK} & \"'\u2028<!--")
    category = Category.objects.get(name=ATTACK)
    for path in ("/", "/products/", "/products/tea/", f"/categories/{category.slug}/"):
        text = client.get(path).content.decode()
        assert facts(text)
        assert "<script>alert" not in text
    found = facts(client.get("/products/tea/").content.decode())
    assert found["Product"]["name"] == found["Product"]["category"] == ATTACK
    assert [each["name"] for each in found["BreadcrumbList"]["itemListElement"]] == ["Home", ATTACK, ATTACK]


def test_the_home_page_says_whose_it_is_and_how_to_search_it(client: Client) -> None:
    found = facts(client.get("/").content.decode())
    assert found["Organization"]["logo"] == "http://testserver/static/img/touch-icon.png"
    assert found["WebSite"]["potentialAction"]["target"]["urlTemplate"] == (
        "http://testserver/products/?q={search_term_string}"
    )
