"""Lists count up to a limit, and say so."""

import pytest
from django.test import Client

from catalog.models import Product
from ecommerce.core.db import counting
from tests.conftest import empty_caches
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("rows", "text"), [(1, "1 product"), (3, "3 products"), (4, "3+ products")])
@pytest.mark.parametrize("query", ["", "?is_active__exact=1"])
def test_a_list_shows_how_many_rows_it_has(monkeypatch, staff, rows, text, query):
    monkeypatch.setattr(counting, "MOST", 3)
    for _ in range(rows):
        factories.product()
    client = Client()
    client.force_login(staff)
    page = " ".join(client.get(f"/admin/catalog/product/{query}").content.decode().split())
    assert text in page
    assert "4 results" not in page


def test_the_storefront_and_the_api_count_up_to_the_limit(monkeypatch, client):
    for _ in range(4):
        factories.product(price="5")
    for most, shown, header in ((3, "3+ products", "4"), (4, "4 products", "4")):
        monkeypatch.setattr(counting, "MOST", most)
        monkeypatch.setattr("catalog.storefront.filter_counts.MOST", most)
        Product.objects.update(price="6")
        page = client.get(f"/products/?min_price=1.{most}").content.decode()
        assert shown in page
        answer = client.get(f"/api/v1/products?min_price=1.{most}&limit=1")
        assert answer["X-Total-Count"] == header


def test_more_products_than_are_counted_are_not_read_for_the_filters(monkeypatch, client, sent):
    for inventory in (0, 1, 2):
        factories.product(inventory=inventory)
    texts, commands = [], []
    for most in (2, 3):
        monkeypatch.setattr("catalog.storefront.filter_counts.MOST", most)
        empty_caches()
        commands.append(len(sent(lambda: texts.append(client.get("/products/?in_stock=1").content.decode()))))
    assert [">2 products<" in text for text in texts] == [True, True]
    assert commands == [4, 4]  # categories and their number, the page, and the stock or all groups


def test_large_numbers_have_separators():
    assert counting.count_text(1234) == "1,234"
    assert counting.count_text(counting.MOST + 1) == "10,000+"
