"""Search engines index each page under one address, and its structured data is what the page shows."""

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
INDEXED = {"GET /", "GET /products/", "GET /products/<slug:slug>/", "GET /categories/<slug:slug>/"}
OF_THE_API = {"GET /docs", "GET /redoc"}  # the API's documentation, whose templates are not ours


def facts(text: str) -> dict[str, dict]:
    """Return the structured data of a page by type."""
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    return {fact["@type"]: fact for fact in map(json.loads, blocks)}


@pytest.mark.parametrize("visitor", ["anonymous", "customer", "admin"])
def test_every_page_has_one_address_or_is_not_indexed(visitor: str) -> None:
    world = World()
    world.parameters = lambda known=world.parameters: {**known(), "slug": _slug_of_both(world)}
    client, indexed, seen = BROWSERS[visitor](world), set(), 0
    for row in (row for row in routes.page_rows() if row.startswith("GET ")):
        path = world.path(row.removeprefix("GET "))
        response = client.get(path)
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            text, seen = response.content.decode(), seen + 1
            canonical = re.findall(r'<link rel="canonical" href="(.*?)">', text)
            noindex = text.count('<meta name="robots" content="noindex">')
            assert len(canonical) + noindex == (0 if row in OF_THE_API else 1), row
            indexed |= {row} if canonical else set()
            assert canonical in ([], [f"http://testserver{path}"]), row
    assert indexed == INDEXED
    assert seen > len(INDEXED | OF_THE_API) + 3


def _slug_of_both(world: World) -> str:
    """Give a category the product's slug: their routes have a parameter of the same name."""
    update_category(pk=Category.objects.get(name="Kitchen").pk, slug=world.product.slug)
    return world.product.slug


@pytest.mark.parametrize(
    "path", ["/no-such-page/", "/products/?q=x", "/products/?sort=name", "/products/?page=9"]
)
def test_searches_sorted_lists_and_missing_pages_are_not_indexed(client: Client, path: str) -> None:
    make_product()
    text = client.get(path).content.decode()
    assert 'content="noindex"' in text
    assert "canonical" not in text


@pytest.mark.parametrize("price", ["0.01", "5.00", "1234.50", "9999999.99"])
def test_the_structured_price_is_the_shown_price(client: Client, price: str) -> None:
    make_product(slug="tea", price=Decimal(price))
    text = client.get("/products/tea/").content.decode()
    (shown,) = re.findall(r'class="price lg">\s*<span>(.*?)</span>', text)
    offer = facts(text)["Product"]["offers"]
    assert Decimal(re.sub(r"[^\d.]", "", unescape(shown))) == Decimal(offer["price"]) == Decimal(price)


def test_structured_data_parses_with_any_names(client: Client) -> None:
    make_product(slug="tea", name=ATTACK, category=ATTACK, description=f"{ATTACK} & \"'\u2028<!--")
    category = Category.objects.get(name=ATTACK)
    for path in ("/", "/products/", "/products/tea/", f"/categories/{category.slug}/"):
        text = client.get(path).content.decode()
        assert facts(text)
        assert "<script>alert" not in text
    found = facts(client.get("/products/tea/").content.decode())
    assert found["Product"]["name"] == found["Product"]["category"] == ATTACK
    assert [each["name"] for each in found["BreadcrumbList"]["itemListElement"]] == ["Home", ATTACK, ATTACK]


def test_the_home_page_names_the_shop_and_its_search(client: Client) -> None:
    found = facts(client.get("/").content.decode())
    assert found["Organization"]["logo"] == "http://testserver/static/img/touch-icon.png"
    assert found["WebSite"]["potentialAction"]["target"]["urlTemplate"] == (
        "http://testserver/products/?q={search_term_string}"
    )
