import re
from decimal import Decimal
from html import unescape

import pytest
from django.core.cache import cache as django_cache

from catalog.categories import update_category
from catalog.models import Category
from catalog.recommendations.suggestions import popular_products
from tests.support.factories import product

pytestmark = pytest.mark.django_db
URL = "/products/"


@pytest.fixture
def shelf(db):
    product(product_id=1, name="Tea Pot", slug="tea-pot", category="Kitchen", price=Decimal("40"))
    product(product_id=2, name="Green Tea", slug="green-tea", category="Food", price=Decimal("8.50"))
    product(
        product_id=3, name="Steamer", slug="steamer", category="Kitchen", price=Decimal("90"), inventory=0
    )
    product(product_id=4, name="Biscuits", slug="biscuits", category="Tea time", price=Decimal("3"))
    product(product_id=5, name="Hidden Tea", slug="hidden-tea", category="Food", is_active=False)


def page(client, url=URL, **params):
    response = client.get(url, params)
    assert response.status_code == 200
    return unescape(response.content.decode())


def names(text):
    results = text.split('id="results"')[1].split("New and in stock")[0]
    return re.findall(r'<span class="name">(.*?)</span>', results)


def pills(text):
    return re.findall(r'class="pill" href="([^"]*)"[^>]*><span>(.*?)</span>', text)


def is_kept_from_search_engines(text):
    canonical = 'rel="canonical"' in text
    assert canonical != ('name="robots" content="noindex"' in text)
    return not canonical


def test_it_shows_active_products_in_the_usual_order(client, shelf):
    text = page(client)
    assert names(text) == ["Tea Pot", "Green Tea", "Steamer", "Biscuits"]
    assert "4 products" in text
    assert "<h1>All products</h1>" in text


class TestFilters:
    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({"category": "kitchen"}, ["Tea Pot", "Steamer"]),
            ({"category": "kitchen", "in_stock": "1"}, ["Tea Pot"]),
            ({"in_stock": "0"}, ["Tea Pot", "Green Tea", "Steamer", "Biscuits"]),
            ({"min_price": "8.50", "max_price": "40"}, ["Tea Pot", "Green Tea"]),
            ({"q": "STEAM"}, ["Steamer"]),
            ({"sort": "price"}, ["Biscuits", "Green Tea", "Tea Pot", "Steamer"]),
            ({"sort": "-price", "category": "kitchen"}, ["Steamer", "Tea Pot"]),
            ({"sort": "name"}, ["Biscuits", "Green Tea", "Steamer", "Tea Pot"]),
            ({"sort": "newest"}, ["Biscuits", "Steamer", "Green Tea", "Tea Pot"]),
        ],
    )
    def test_each_is_in_the_address(self, client, shelf, params, found):
        assert names(page(client, **params)) == found

    def test_the_form_shows_what_is_on(self, client, shelf):
        text = page(client, category="kitchen", in_stock="1", min_price="5", sort="name", q="t")
        assert re.search(r'value="kitchen" checked', text)
        assert re.search(r'name="in_stock" value="1" checked', text)
        assert re.search(r'name="min_price" value="5"', text)
        assert re.search(r'<option value="name" selected>', text)
        assert re.search(r'type="hidden" name="q" value="t"', text)

    def test_each_choice_says_how_many_it_would_show(self, client, shelf):
        product(name="Of no category", category=None, price=Decimal("1"), inventory=0)
        text = page(client, max_price="40", category="kitchen")
        counts = re.findall(r'<span class="label">(.*?)</span><span class="number">(\d+)</span>', text)
        assert counts == [
            ("All categories", "4"),
            ("Kitchen", "1"),
            ("Food", "1"),
            ("Tea time", "1"),
            ("In stock only", "1"),
        ]

    def test_a_pill_removes_its_filter_and_keeps_the_others(self, client, shelf):
        text = page(client, q="tea", category="kitchen", min_price="5", max_price="50", in_stock="1")
        assert [name for _, name in pills(text)] == ["Kitchen", "From $5.00", "Up to $50.00", "In stock"]
        assert pills(text)[3][0] == "/products/?q=tea&category=kitchen&min_price=5&max_price=50"
        assert 'href="/products/?q=tea" data-live="results">Clear all' in text

    def test_a_list_of_one_category_alone_leads_to_its_own_page(self, client, shelf):
        text = page(client, category="kitchen", in_stock="1")
        assert ("/categories/kitchen/", "In stock") in pills(text)
        assert ("/products/?in_stock=1", "Kitchen") in pills(text)


class TestRelevance:
    def test_a_search_shows_names_that_begin_with_it_first_and_categories_last(self, client, shelf):
        text = page(client, q="tea")
        assert names(text) == ["Tea Pot", "Green Tea", "Steamer", "Biscuits"]
        assert '<option value="" selected>Relevance</option>' in text

    def test_another_order_may_be_asked_for(self, client, shelf):
        assert names(page(client, q="tea", sort="price"))[0] == "Biscuits"

    def test_a_query_is_literal(self, client, shelf):
        signs = ["(", "[a", "\\", "$set", ".*", "a|b", "^", "100%", "'", '"', "<b>"]
        for sign in signs:
            product(name=f"Odd {sign} thing", category="Odd")
        for sign in signs:
            assert names(page(client, q=sign)) == [f"Odd {sign} thing"]


NONSENSE: list[dict[str, str]] = [
    {"min_price": "abc"},
    {"min_price": "NaN"},
    {"max_price": "Infinity"},
    {"max_price": "1e999999999"},
    {"min_price": "-1"},
    {"min_price": "1.999"},
    {"min_price": "99999999999999999999"},
    {"category": "no-such-thing"},
    {"category": "\x00"},
    {"sort": "'; drop"},
    {"in_stock": "perhaps not"},
    {"limit": "abc", "skip": "-1"},
    {"page": "abc"},
    {"page": "-1"},
    {"page": "0"},
    {"page": "1.5"},
    {"page": "²"},
    {"q": "\x00"},
]


class TestNonsense:
    def test_it_is_a_friendly_page(self, client, shelf):
        for params in NONSENSE:
            assert "product" in page(client, **params), params

    def test_a_price_that_is_none_is_said_beside_its_field_and_the_rest_counts(self, client, shelf):
        text = page(client, min_price="abc", in_stock="1")
        assert "Enter a price, such as 49.90." in text
        assert 'value="abc"' in text
        assert [name for _, name in pills(text)] == ["In stock"]

    def test_prices_the_wrong_way_round_are_explained_and_neither_counts(self, client, shelf):
        text = page(client, min_price="50", max_price="10")
        assert "This is below the lowest price, so neither counts." in text
        assert len(names(text)) == 4
        assert pills(text) == []

    def test_a_page_beyond_the_end_says_so_and_leads_back(self, client, shelf):
        for number in ["2", "999", "9" * 30, "9" * 5000]:
            text = page(client, page=number)
            assert "There is no page" in text
            assert 'class="btn" href="/products/">Go to the products' in text
            assert names(text) == []

    def test_a_very_long_query_is_cut(self, client, shelf):
        text = page(client, q="x" * 10_000)
        assert f"Nothing matches “{'x' * 200}”" in text
        assert "x" * 201 not in text

    def test_broken_text_in_the_address(self, client, shelf):
        for raw in ["q=%ED%A0%80", "q=%ff", "category=%ED%A0%80", "page=%ED%A0%80", "q=%00"]:
            assert client.get(f"{URL}?{raw}").status_code == 200, raw

    def test_a_parameter_given_twice_counts_once(self, client, shelf):
        assert client.get(f"{URL}?sort=name&sort=price&q=tea&q=steam").status_code == 200


class TestNoResults:
    def test_the_query_is_repeated_and_popular_products_are_shown(self, client, shelf):
        text = page(client, q="<i>nothing</i>")
        assert "Nothing matches “<i>nothing</i>”" in text
        assert "New and in stock" in text
        assert "<i>nothing</i>" not in client.get(URL, {"q": "<i>nothing</i>"}).content.decode()

    def test_only_a_filter_that_stands_in_the_way_is_offered(self, client, shelf):
        text = page(client, q="steamer", in_stock="1", max_price="200")
        assert "Without “In stock” (1)" in text
        assert "Without “Up to" not in text

    def test_an_empty_shop_is_a_page_too(self, client):
        assert "0 products" in page(client)
        assert page(client, "/")


class TestPages:
    @pytest.fixture
    def many(self, db):
        for number in range(50):
            product(product_id=100 + number, name=f"Thing {number}", category="Things")

    def test_24_a_page_with_links_to_the_others(self, client, many):
        text = page(client, page="2", sort="name")
        assert len(names(text)) == 24
        assert 'href="/products/?sort=name" rel="prev"' in text
        assert 'href="/products/?sort=name&page=3" rel="next"' in text
        assert 'aria-label="Page 2" aria-current="page"' in text

    def test_each_page_is_an_address_of_its_own(self, client, many):
        text = page(client, page="2")
        assert 'rel="canonical" href="http://testserver/products/?page=2"' in text
        assert re.search(r"<title>All products . page 2 . Marlow</title>", text)

    def test_a_page_beyond_the_end_leads_to_the_last(self, client, many):
        text = page(client, page="4")
        assert "The list ends at page 3." in text
        assert 'href="/products/?page=3">Go to the last page' in text

    def test_pictures_load_in_the_order_they_are_needed(self, client, many):
        for number in range(12):
            product(name=f"A{number}", image="img/products/yoga-mat-premium.svg", category="Pictures")
        text = page(client, category="pictures")
        tags = re.findall(r"<img .*?>", text.split('id="results"')[1])
        assert [tag.count('fetchpriority="high"') for tag in tags] == [1] + [0] * 11
        assert ["lazy" in tag for tag in tags] == [False] * 3 + [True] * 9
        assert all('width="400" height="400"' in tag for tag in tags)
        assert all('src="/static/' in tag for tag in tags)


class TestSearchEngines:
    @pytest.mark.parametrize("params", [{"q": "tea"}, {"in_stock": "1"}, {"sort": "name"}, {"page": "9"}])
    def test_searches_filters_and_orders_are_kept_from_them(self, client, shelf, params):
        assert is_kept_from_search_engines(page(client, **params))

    def test_a_list_has_one_address(self, client, shelf):
        text = page(client, utm_source="letter", page="1", q="")
        assert not is_kept_from_search_engines(text)
        assert 'rel="canonical" href="http://testserver/products/"' in text

    def test_a_category_has_a_page_of_its_own(self, client, shelf):
        text = page(client, "/categories/kitchen/")
        assert names(text) == ["Tea Pot", "Steamer"]
        assert re.search(r"<title>Kitchen . Marlow</title>", text)
        assert 'rel="canonical" href="http://testserver/categories/kitchen/"' in text
        assert '"@type": "BreadcrumbList"' in text

    def test_a_category_says_what_it_is_about(self, client, shelf):
        text = "Pots, kettles & <pans>.\nAll of them last."
        update_category(pk=Category.objects.get(slug="kitchen").pk, description=text)
        raw = client.get("/categories/kitchen/").content.decode()
        assert "<h1>Kitchen</h1>" in raw
        assert '<p class="muted" lang="en">Pots, kettles &amp; &lt;pans&gt;.\nAll of them last.</p>' in raw
        assert 'name="description" content="Pots, kettles &amp; &lt;pans&gt;.\nAll of them last."' in raw

    def test_a_category_page_takes_filters_too(self, client, shelf):
        text = page(client, "/categories/kitchen/", in_stock="1", category="food")
        assert names(text) == ["Tea Pot"]
        assert is_kept_from_search_engines(text)


@pytest.mark.parametrize("slug", ["nothing", "a" * 5000, "Kitchen"])
def test_an_unknown_category_is_not_found(client, shelf, slug):
    response = client.get(f"/categories/{slug}/")
    assert response.status_code == 404
    assert "We cannot find that page" in response.content.decode()


@pytest.mark.parametrize("url", ["/", URL, f"{URL}?q=tea&in_stock=1&sort=price", "/categories/kitchen/"])
def test_a_warm_page_leaves_the_database_alone(client, shelf, django_assert_num_queries, url):
    first = client.get(url)
    with django_assert_num_queries(0):
        again = client.get(url)
    assert first.content == again.content


def test_without_redis_the_pages_are_the_same(client, shelf, settings):
    url = f"{URL}?q=tea"
    cached = client.get(url).content
    django_cache.clear()
    settings.REDIS_ENABLED = False
    assert client.get(url).content == cached


def test_a_change_shows_at_once(client, shelf):
    assert "Tea Pot" in page(client)
    product(name="Brand New", category="Kitchen")
    text = page(client)
    assert "Brand New" in text
    assert "5 products" in text


def test_suggestions_take_one_of_each_category_in_turn_and_only_what_can_be_bought(shelf):
    product(name="Second Pot", category="Kitchen")
    categories = [suggested["category"] for suggested in popular_products(4)]
    assert categories == ["Kitchen", "Tea time", "Food", "Kitchen"]
    assert all(suggested["inventory"] for suggested in popular_products(4))


def test_a_page_answers_get_and_head_only(client, shelf):
    assert client.head(URL).status_code == 200
    assert client.post(URL).status_code == 405


@pytest.mark.parametrize("url", ["/", URL, "/products/tea-pot/", "/nothing/"])
def test_no_page_has_script_or_style_of_its_own(client, shelf, url):
    text = client.get(url).content.decode()
    scripts = re.findall(r"<script(.*?)>", text)
    assert all("src=" in tag or "application/ld+json" in tag for tag in scripts)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
