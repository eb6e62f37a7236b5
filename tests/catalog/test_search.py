"""The results of searches and their order: literal text, words, and typos."""

import random
import re
from decimal import Decimal

import pytest
from django.db.models import Q

from catalog import search
from catalog.models import Product
from tests.support.answers import refused
from tests.support.factories import product

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"

NAMES = [
    ("Gaming Laptop Pro", "Electronics"),
    ("Laptop Sleeve", "Fashion"),
    ("Café Crème Set", "Küche"),
    ("Straße des Weins", "Books"),
    ("C++ (2nd ed.) [new]", "Books"),
    ("50% off -- a\\b $x ^y", None),
    ("İstanbul Teapot", "Home & Living"),
    ("Wi-Fi 6 Router", "Electronics"),
    ("ﬁne STRASSE Ǆ ſharp \u212aelvin", "ΣΊΣΥΦΟΣ"),
    ("Donaudampfschifffahrtsgesellschaft", None),
    ("e\u0301clair\u00a0box  two", "日本語の本"),
    ("x", None),
]
ODD = [
    *(
        " ",
        "  ",
        "a",
        "é",
        "\u0301",
        "ß",
        "ss",
        "SS",
        "ẞ",
        "K",
        "k",
        "ſ",
        "s",
        "σ",
        "ς",
        "fi",
        "ﬁ",
        "日",
        "本",
    ),
    *(".", "*", "(", "[new]", "+", "\\", "$", "^", "%", "--", "x  t", "\u00a0", "m l", "o s", "STRASSE DES"),
    *("schifffahrtsgesellschaft", "schifffahrtsgesellschafts", "ǆ", "ΣΊΣ", "creme", "crème", "CAFÉ"),
]


@pytest.fixture
def products(db):
    for number, (name, category) in enumerate(NAMES, start=1):
        product(product_id=number, name=name, category=category)
    product(product_id=99, name="Hidden Laptop", is_active=False)


def numbers(rows):
    return sorted(rows.values_list("product_id", flat=True))


def parts_of_names():
    random.seed(4)
    for _ in range(60):
        text = random.choice([part for pair in NAMES for part in pair if part])
        start, end = sorted(random.choices(range(len(text) + 1), k=2))
        yield random.choice([str, str.upper, str.lower, str.swapcase])(text[start:end])


@pytest.mark.parametrize("texts", [ODD, list(parts_of_names())], ids=["odd texts", "random parts"])
def test_the_literal_search_finds_the_same_as_a_scan_of_the_names(products, texts):
    rows = Product.objects.visible()
    for text in filter(None, texts):
        scanned = rows.filter(Q(name__icontains=text) | Q(category__icontains=text))
        assert numbers(search.backend().literal(rows, text)) == numbers(scanned), text


def test_the_literal_search_finds_the_same_as_python(products):
    rows = Product.objects.visible()
    texts = [text for text in (*ODD, *parts_of_names()) if text.isascii() and "i" not in text.lower()]
    assert len(texts) > 30  # no i, which Python treats as equal to a dotless one
    for text in filter(None, texts):
        part = re.compile(re.escape(text), re.IGNORECASE)
        found = [number for number, pair in enumerate(NAMES, 1) if any(part.search(x or "") for x in pair)]
        assert numbers(search.backend().literal(rows, text)) == found, text


def names(api, q, **params):
    response = api.get(URL, {"q": q, "fuzzy": "1", **params})
    assert response.status_code == 200, response.content
    return [found["name"] for found in response.json()]


class TestWords:
    @pytest.fixture(autouse=True)
    def products(self, db):
        for number, (name, category) in enumerate(
            [
                ("Desk Lamp", "Lighting"),
                ("Green Tea", "Food"),
                ("Steamer", "Kitchen"),
                ("Biscuits", "Tea time"),
                ("Tea Pot", "Kitchen"),
                ("Pot for Green Things", "Garden"),
                ("Café au Lait Bowl", "Kitchen"),
            ],
            start=1,
        ):
            product(product_id=number, name=name, category=category, price=Decimal(10 - number))

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("pot tea", ["Tea Pot"]),
            ("TEA   pot", ["Tea Pot"]),
            ("kitchen pot", ["Tea Pot"]),
            ("ot ea", ["Tea Pot"]),
            ("cafe bowl", ["Café au Lait Bowl"]),
            ("lamp tea", []),
        ],
    )
    def test_all_words_must_be_found_in_any_order(self, api, q, found):
        assert names(api, q) == found

    def test_the_best_matches_come_first(self, api):
        assert names(api, "tea") == ["Tea Pot", "Green Tea", "Steamer", "Biscuits"]
        assert names(api, "pot green") == ["Pot for Green Things"]

    def test_of_many_words_the_first_ten_count(self, api):
        product(name="One two three four five six seven eight nine ten")
        text = "ten nine eight seven six five four three two one"
        assert len(names(api, text)) == len(names(api, f"{text} lamp")) == 1
        assert names(api, f"lamp {text}") == []

    def test_another_order_may_be_chosen(self, api):
        assert names(api, "tea", sort="price") == ["Tea Pot", "Biscuits", "Steamer", "Green Tea"]

    def test_filters_and_pages_apply_to_the_matches(self, api):
        assert names(api, "tea", category="Kitchen") == ["Tea Pot", "Steamer"]
        assert names(api, "tea", skip=1, limit=2) == ["Green Tea", "Steamer"]
        response = api.get(URL, {"q": "tea", "fuzzy": "1", "limit": "1"})
        assert response["X-Total-Count"] == "4"


class TestTypos:
    @pytest.fixture(autouse=True)
    def products(self, db):
        for number, name in enumerate(
            ["Laptop Sleeve", "Gaming Laptop", "Desk Lamp", "Headphones", "Laptev Sea Map", "Straßenkarte"],
            start=1,
        ):
            product(product_id=number, name=name, category="Things")

    @pytest.mark.parametrize(
        "q",
        ["lpatop", "latop", "llaptop", "laqtop", "Laptpo", "aptop laptpo", "gamnig laptpo", "lapto sleeev"],
    )
    def test_a_word_with_one_typo_is_found(self, api, q):
        assert names(api, q)
        assert all("Laptop" in name for name in names(api, q))

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("headpohne", ["Headphones"]),
            ("haedph", ["Headphones"]),
            ("strassenkrate", ["Straßenkarte"]),
            ("lammp", ["Desk Lamp"]),
        ],
    )
    def test_the_beginning_of_a_word_is_enough(self, api, q, found):
        assert names(api, q) == found

    @pytest.mark.parametrize("q", ["lpatpo", "dsek", "lmap", "hpones", "laptpo lmap", "99999"])
    def test_two_typos_or_a_typo_in_a_short_word_are_not_found(self, api, q):
        assert names(api, q) == []

    def test_close_matches_follow_if_there_are_few_exact_ones(self, api):
        assert names(api, "lapte") == ["Laptev Sea Map", "Laptop Sleeve", "Gaming Laptop"]
        for _ in range(4):
            product(name="Laptev Sea Globe", category="Things")
        assert set(names(api, "lapte")) == {"Laptev Sea Map", "Laptev Sea Globe"}

    def test_whole_words_are_closer_than_beginnings(self, api):
        product(name="Laptope of Doom", category="Things", product_id=1000)
        product(name="Lapdopish", category="Things", product_id=900)
        assert names(api, "lapdop") == ["Lapdopish", "Laptop Sleeve", "Gaming Laptop", "Laptope of Doom"]

    def test_filters_and_orders_apply_to_close_matches_too(self, api):
        Product.objects.filter(name="Gaming Laptop").update(category="Electronics", price=Decimal("1"))
        assert names(api, "laptpo", category="Electronics") == ["Gaming Laptop"]
        assert names(api, "laptpo", sort="price") == ["Gaming Laptop", "Laptop Sleeve"]
        assert names(api, "laptpo", skip=1) == ["Gaming Laptop"]

    def test_close_matches_are_looked_up_once_for_all_filters_and_pages(self, client, sent):
        assert len(sent(lambda: client.get("/products/", {"q": "laptpo gamnig"}))) > 5
        for params in ({"min_price": "1"}, {"in_stock": "1"}, {"sort": "price"}):
            commands = sent(lambda params=params: client.get("/products/", {"q": "laptpo gamnig", **params}))
            assert set(commands) == {"aggregate products"}
            assert len(commands) <= 2  # the page, and the counts of its filters

    def test_a_hidden_product_is_not_found(self, api):
        Product.objects.filter(name="Headphones").update(is_active=False)
        assert names(api, "headpohnes") == []


class TestFuzzyParameter:
    def test_without_it_the_text_is_literal(self, api):
        product(name="Tea Pot")
        for q in ("pot tea", "Taepot", "tea  pot"):
            assert api.get(URL, {"q": q}).json() == api.get(URL, {"q": q, "fuzzy": "0"}).json() == []

    def test_without_a_query_it_changes_nothing(self, api):
        product(name="Tea Pot")
        assert api.get(URL, {"fuzzy": "1"}).content == api.get(URL).content

    @pytest.mark.parametrize("value", ["2", "-1", "true", "yes", "01", " 1 1", "１"])
    def test_values_other_than_0_and_1_are_refused(self, api, value):
        refused(api.get(URL, {"q": "tea", "fuzzy": value}), 400, field="fuzzy")

    @pytest.mark.parametrize(
        "q", [".*", "(", "$where", "\u0301", "x\u0301 \u0301", "x" * 200, "x " * 100, "💡"]
    )
    def test_any_text_may_be_searched_for(self, api, q):
        product(name="Tea Pot")
        assert names(api, q) == []


class TestPage:
    def page(self, client, **params):
        response = client.get("/products/", params)
        assert response.status_code == 200
        return response.content.decode()

    def test_it_shows_close_matches_with_a_note(self, client):
        product(name="Gaming Laptop")
        text = self.page(client, q="laptpo")
        assert "No exact match for “laptpo”. Showing close matches." in text
        assert "Gaming Laptop" in text

    def test_it_has_no_note_if_there_is_an_exact_match(self, client):
        product(name="Gaming Laptop")
        assert "Showing close matches" not in self.page(client, q="laptop gaming")
        assert "Gaming Laptop" in self.page(client, q="laptop gaming")
