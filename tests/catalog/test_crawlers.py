"""What the shop tells crawlers and browsers that look ahead."""

import re
import xml.etree.ElementTree as ET
from urllib.robotparser import RobotFileParser

import pytest
from django.test import Client

from catalog.models import Product
from catalog.services import update_product
from catalog.storefront import crawlers
from ecommerce.core.db import connection
from tests.support.factories import product as make_product
from tests.support.query_plans import values

pytestmark = pytest.mark.django_db
SITE = "http://testserver"
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
ALTERNATE = "{http://www.w3.org/1999/xhtml}link"


@pytest.fixture
def shelf() -> list[Product]:
    return [make_product(product_id=n, slug=f"p{n}", category="Home & Co") for n in range(1, 6)]


def tree(client: Client, path: str) -> ET.Element:
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "application/xml")
    return ET.fromstring(response.content)


def places(client: Client, path: str) -> list[str]:
    """In English."""
    found = [str(each.text).removeprefix(SITE) for each in tree(client, path).iter(LOC)]
    return [place for place in found if not place.startswith("/de/")]


class TestTheSitemap:
    def test_the_index_leads_to_every_page_once(self, client, shelf, monkeypatch):
        monkeypatch.setattr(crawlers, "PRODUCTS_PER_FILE", 2)
        update_product(pk=shelf[2].pk, is_active=False)
        files = places(client, "/sitemap.xml")
        assert files == ["/sitemap-pages.xml", "/sitemap-products-1.xml", "/sitemap-products-2.xml"]
        assert [place for file in files for place in places(client, file)] == [
            *("/", "/products/", "/categories/home-co/"),
            *("/products/p1/", "/products/p2/", "/products/p4/", "/products/p5/"),
        ]

    def test_all_that_it_names_is_there_and_names_itself(self, client, shelf):
        for file in places(client, "/sitemap.xml"):
            for place in places(client, file):
                for path in (place, f"/de{place}"):
                    assert f'rel="canonical" href="{SITE}{path}"' in client.get(path).content.decode()

    def test_a_change_shows_at_once_and_a_warm_file_asks_nothing(self, client, shelf, sent):
        files = ("/sitemap.xml", "/sitemap-pages.xml", "/sitemap-products-1.xml")
        for file in files:
            tree(client, file)
        assert sent(lambda: [tree(client, file) for file in files]) == []
        update_product(pk=shelf[0].pk, slug="moved")
        assert places(client, "/sitemap-products-1.xml")[0] == "/products/moved/"

    def test_it_claims_no_date(self, client, shelf):
        assert b"lastmod" not in client.get("/sitemap-products-1.xml").content

    @pytest.mark.parametrize("number", [0, 2, 10**30])
    def test_there_is_no_file_beyond_the_last(self, client, shelf, number):
        assert client.get(f"/sitemap-products-{number}.xml").status_code == 404

    def test_an_empty_shop_has_pages_alone(self, client):
        assert places(client, "/sitemap.xml") == ["/sitemap-pages.xml"]
        assert places(client, "/sitemap-pages.xml") == ["/", "/products/"]

    def test_each_language_has_its_entry_and_names_all_of_them(self, client, shelf):
        entries = list(tree(client, "/sitemap-products-1.xml"))[:2]
        assert [entry.findtext(LOC) for entry in entries] == [
            f"{SITE}/products/p1/",
            f"{SITE}/de/products/p1/",
        ]
        for entry in entries:
            links = [(each.get("hreflang"), each.get("href")) for each in entry.iter(ALTERNATE)]
            assert links == [
                ("en", f"{SITE}/products/p1/"),
                ("de", f"{SITE}/de/products/p1/"),
                ("x-default", f"{SITE}/products/p1/"),
            ]

    def test_a_file_is_read_by_an_index(self, shelf):
        query = {"find": "products", "filter": {"is_active": True}, "sort": {"product_id": 1}, "skip": 2}
        plan = connection.database.command("explain", query)["queryPlanner"]["winningPlan"]
        assert next(values(plan, "indexName")) == "products_by_id"


class TestRobots:
    @pytest.fixture
    def rules(self, client) -> RobotFileParser:
        response = client.get("/robots.txt")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
        parser = RobotFileParser()
        parser.parse(response.content.decode().splitlines())
        return parser

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            *((path, True) for path in ("/", "/products/", "/products/tea/?x=1", "/categories/home/")),
            *((path, True) for path in ("/media/products/x.webp", "/static/css/shop.css", "/sitemap.xml")),
            *(
                (path, False)
                for path in ("/cart/", "/cart/add/1/", "/checkout/", "/orders/", "/orders/A/pay/")
            ),
            *((path, False) for path in ("/de/cart/", "/de/checkout/", "/de/orders/", "/de/account/login/")),
            *((path, False) for path in ("/account/", "/account/login/", "/admin/", "/api/v1/products")),
        ],
    )
    def test_what_is_private_is_not_for_crawlers(self, rules, path, allowed):
        assert rules.can_fetch("Anybot", path) == allowed

    def test_it_names_the_sitemap(self, rules):
        assert rules.site_maps() == [f"{SITE}/sitemap.xml"]


class TestLookingAhead:
    def test_pages_name_the_rules_and_nothing_else_does(self, client, shelf):
        rules = '"/speculation-rules.json"'
        for path in ("/", "/products/", "/de/products/p1/", "/cart/", "/no-such-page/"):
            assert client.get(path)["Speculation-Rules"] == rules, path
        for path in ("/robots.txt", "/api/v1/products", "/admin/login/", "/docs", "/sitemap.xml"):
            assert "Speculation-Rules" not in client.get(path), path

    def test_only_products_and_categories_are_fetched_ahead(self, client):
        response = client.get("/speculation-rules.json")
        assert response["Content-Type"] == "application/speculationrules+json"
        assert response["Cache-Control"] == "public, max-age=3600"
        (rule,) = response.json()["prefetch"]
        assert rule == {
            "where": {
                "href_matches": [
                    *("/products/:slug/", "/de/products/:slug/"),
                    *("/categories/:slug/", "/de/categories/:slug/"),
                ]
            },
            "eagerness": "moderate",
        }

    def test_what_was_fetched_before_a_change_is_thrown_away(self, client, shelf):
        answer = client.post("/cart/add/1/")
        assert answer["Clear-Site-Data"] == '"prefetchCache", "prerenderCache"'
        assert "Clear-Site-Data" not in client.get("/cart/")
        assert "Clear-Site-Data" not in client.post("/api/v1/cart/guest")


def test_networks_are_shown_a_picture_and_the_first_words(client):
    text = '<b>Warm</b> & "bright". ' * 20
    make_product(slug="lamp", description=text, image="https://example.com/lamp.webp")
    page = client.get("/products/lamp/").content.decode()
    (found,) = re.findall(r'property="og:description" content="(.*?)"', page)
    assert found.startswith("&lt;b&gt;Warm&lt;/b&gt; &amp; &quot;bright&quot;. ")
    assert 'name="twitter:card" content="summary_large_image"' in page
    assert 'property="og:image" content="https://example.com/lamp.webp"' in page
    make_product(slug="drawn", image="img/products/yoga-mat-premium.svg")
    assert "/static/img/share.png" in client.get("/products/drawn/").content.decode()
