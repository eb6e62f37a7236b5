from decimal import Decimal

import pytest

from catalog.models import Product
from tests.support.answers import refused
from tests.support.factories import product

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
PRODUCT_KEYS = {
    "id",
    "_id",
    "product_id",
    "name",
    "slug",
    "description",
    "price",
    "image",
    "inventory",
    "category",
    "is_active",
    "created_at",
}


def names(api, **params):
    response = api.get(URL, params)
    assert response.status_code == 200, response.content
    return [found["name"] for found in response.json()]


@pytest.fixture
def shelf(db):
    product(product_id=3, name="Laptop Sleeve", category="Fashion", price=Decimal("20"), inventory=0)
    product(product_id=1, name="Gaming Laptop", category="Electronics", price=Decimal("2499.99"), inventory=5)
    product(product_id=2, name="Headphones", category="Electronics", price=Decimal("20"), inventory=7)
    product(product_id=4, name="Hidden Laptop", category="Electronics", is_active=False)


def test_it_lists_active_products_by_product_id(api, shelf):
    assert names(api) == ["Gaming Laptop", "Headphones", "Laptop Sleeve"]


def test_a_product_has_the_specified_fields(api, shelf):
    found = api.get(URL).json()[0]
    assert found.keys() >= PRODUCT_KEYS
    assert found["id"] == found["_id"] == str(Product.objects.get(product_id=1).pk)
    assert found["price"] == 2499.99


def test_an_empty_shop_answers_an_empty_array(api):
    response = api.get(URL)
    assert (response.json(), response["X-Total-Count"]) == ([], "0")


ALL = ["Gaming Laptop", "Headphones", "Laptop Sleeve"]
LAPTOPS = ["Gaming Laptop", "Laptop Sleeve"]
NOTHING = (
    *("nothing", "hidden", "all", ".*", "lap.op", "^Gaming", "(", "[", "*", "\\", "a{99999}", "(a+)+$"),
    *("$where", '"', "%", "é😀", "x" * 200),
)


@pytest.mark.parametrize(
    ("queries", "found"),
    [
        (["laptop", "LAPTOP", "apto", " laptop "], LAPTOPS),
        (["electron"], ["Gaming Laptop", "Headphones"]),
        (["", "   ", "\n"], ALL),
        (NOTHING, []),
    ],
    ids=["part of a name", "part of a category", "nothing asked", "nothing found"],
)
def test_the_search_is_literal_and_looks_at_names_and_categories(api, shelf, queries, found):
    for q in queries:
        assert names(api, q=q) == found, q
        assert names(api, q=q) == found, f"the cached answer differs: {q}"


def test_a_name_of_signs_is_found_by_itself(api, shelf):
    for name in ("C++ (2nd ed.) [new]", "50% off", "a\\b", "all", "^$.|?*+()", 'say "hi"'):
        product(name=name)
        assert names(api, q=name) == [name]


def test_the_query_all_has_an_answer_of_its_own(api, shelf):
    everything = names(api)
    assert names(api, q="all") == []
    assert names(api) == everything


FILTERS = [
    ({"category": "Electronics"}, ["Gaming Laptop", "Headphones"]),
    ({"category": "electronics"}, []),
    ({"category": "Electron"}, []),
    ({"category": ".*"}, []),
    ({"product_id": "2"}, ["Headphones"]),
    ({"product_id": "3,1"}, LAPTOPS),
    ({"product_id": "1,1,1"}, ["Gaming Laptop"]),
    ({"product_id": "4"}, []),
    ({"product_id": "9999999999"}, []),
    ({"min_price": "20.01"}, ["Gaming Laptop"]),
    ({"max_price": "20"}, ["Headphones", "Laptop Sleeve"]),
    ({"min_price": "20", "max_price": "20.00"}, ["Headphones", "Laptop Sleeve"]),
    ({"min_price": "0", "max_price": "0"}, []),
    ({"min_price": "30", "max_price": "20"}, []),
    ({"in_stock": "true"}, ["Gaming Laptop", "Headphones"]),
    ({"in_stock": "false"}, ALL),
    ({"q": "laptop", "in_stock": "true", "category": "Electronics"}, ["Gaming Laptop"]),
    ({"category": "", "product_id": "", "min_price": "", "in_stock": "", "sort": ""}, ALL),
    ({"unknown": "1", "is_active": "false", "inventory__gte": "0", "$where": "1", "format": "xml"}, ALL),
]


def test_filters_narrow_the_list(api, shelf):
    for params, found in FILTERS:
        assert names(api, **params) == found, params


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("", [1, 2, 3]),
        ("name", [1, 2, 3]),
        ("price", [2, 3, 1]),
        ("-price", [1, 3, 2]),
        ("newest", [2, 1, 3]),
    ],
)
def test_it_sorts_and_the_id_breaks_ties(api, shelf, sort, ids):
    assert [found["product_id"] for found in api.get(URL, {"sort": sort}).json()] == ids


@pytest.mark.parametrize("sort", ["", "name", "price", "-price", "newest"])
def test_pages_hold_every_product_exactly_once_whatever_is_tied(api, sort):
    for _ in range(7):
        product(name="Same", price=Decimal("5"))
    Product.objects.update(created_at=Product.objects.first().created_at)
    pages = [api.get(URL, {"sort": sort, "skip": skip, "limit": 3}).json() for skip in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({found["id"] for page in pages for found in page}) == 7


def test_pages_follow_each_other_and_the_header_has_the_total(api, shelf):
    first, second = (api.get(URL, {"skip": skip, "limit": 2}) for skip in (0, 2))
    assert [len(first.json()), len(second.json())] == [2, 1]
    assert first["X-Total-Count"] == second["X-Total-Count"] == "3"
    assert api.get(URL, {"q": "laptop", "limit": 1})["X-Total-Count"] == "2"


def test_a_page_beyond_the_end_is_empty(api, shelf):
    response = api.get(URL, {"skip": 1_000_000})
    assert (response.json(), response["X-Total-Count"]) == ([], "3")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("skip", ["-1", "1000001", "99999999999999999999999", "1.5", "x", "1e3", "NaN"]),
        ("limit", ["0", "101", "-5", "10**9", "null", "9" * 5000]),
        ("sort", ["inventory", "-name", "name,price", "$natural"]),
        ("product_id", ["1,x", "1,,2", "-1", "1.5", "9" * 30, ",".join(["1"] * 101)]),
        ("min_price", ["x", "-1", "NaN", "Infinity", "1e400", "1.999"]),
        ("max_price", ["1e999999999999999999999", "sNaN"]),
        ("in_stock", ["maybe"]),
        ("q", ["x" * 201, "nul\0byte"]),
        ("category", ["nul\0byte", "x" * 101]),
    ],
)
def test_what_is_out_of_range_is_refused_and_never_clamped(api, shelf, field, values):
    for value in values:
        refused(api.get(URL, {field: value}), 400, field=field)


def test_the_largest_page_is_a_hundred(api, shelf):
    assert len(names(api, limit=100)) == 3


def test_bytes_that_are_no_text_find_nothing(api, shelf):
    assert api.get(f"{URL}?q=%ff%fe%ed%a0%80").json() == []


def test_a_price_that_is_a_long_binary_fraction_is_exact(api):
    product(name="a", price=Decimal("0.07"))
    product(name="b", price=Decimal("9999999.99"))
    product(name="c", price=Decimal("100"))
    text = api.get(URL).content.decode()
    assert '"price":0.07,' in text
    assert '"price":9999999.99,' in text
    assert '"price":100.0,' in text


def test_it_answers_head_like_get_without_a_body(api, shelf):
    response = api.head(URL)
    assert (response.status_code, response["X-Total-Count"], response.content) == (200, "3", b"")


def test_a_picture_is_an_absolute_address_that_no_header_can_change(api, settings):
    settings.PUBLIC_URL = "https://shop.example"
    settings.ALLOWED_HOSTS = ["*"]
    product(image="img/products/x.svg")
    product(image="https://pictures.example/y.png")
    product(image=None)
    found = api.get(URL, HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example").json()
    assert [row["image"] for row in found] == [
        "https://shop.example/static/img/products/x.svg",
        "https://pictures.example/y.png",
        None,
    ]
