import pytest

from catalog.product_fields import product_as_dict
from tests.support.answers import refused
from tests.support.factories import product

pytestmark = pytest.mark.django_db


def get(api, slug):
    return api.get(f"/api/v1/products/{slug}")


def test_it_shows_the_product_with_this_slug(api, product):
    response = get(api, product.slug)
    assert response.status_code == 200
    assert response.json() == product_as_dict(product)


def test_it_returns_the_same_as_the_list(api, product):
    assert get(api, product.slug).json() == api.get("/api/v1/products").json()[0]


def test_an_external_image_url_is_returned_unchanged(api):
    elsewhere = product(image="HTTPS://Example.com/A.png")
    assert get(api, elsewhere.slug).json()["image"] == "HTTPS://Example.com/A.png"


def test_an_uncollected_picture_does_not_break_the_answer(api, settings):
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": manifest}
    new = product(image="img/products/new.svg")
    assert get(api, new.slug).json()["image"] == "http://testserver/static/img/products/new.svg"


def test_a_hidden_product_is_not_found(api):
    hidden = product(is_active=False)
    refused(get(api, hidden.slug), 404, "Product not found")


UNKNOWN = [
    "unknown",
    "%00",
    "%ff",
    "%ed%a0%80",
    "a%0Ab",
    "[x]",
    ".*",
    "%2e%2e%2f",
    "..",
    "$ne",
    "x" * 2000,
    "%F0%9F%98%80",
    "a:b",
    "%22all%22",
    "%",
]


def test_an_unknown_slug_is_not_found(api, product):
    for slug in UNKNOWN:
        refused(get(api, slug), 404)


def test_slugs_are_compared_exactly(api):
    product(slug="Some-Slug")
    refused(get(api, "some-slug"), 404)


def test_an_unknown_slug_is_never_cached(api):
    refused(get(api, "later"), 404)
    product(slug="later")
    assert get(api, "later").status_code == 200
