"""Searches that find nothing are counted for staff, without any cost for the customer."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pymongo.errors import AutoReconnect
from pymongo.synchronous.pool import Connection

from catalog.models import SearchMiss
from catalog.search import misses
from tests.support.admin_pages import office_of, url
from tests.support.factories import product
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


def recorded_misses():
    return dict(SearchMiss.objects.values_list("text", "count"))


def test_a_search_without_result_is_counted_once_while_it_is_cached(client, api):
    for _ in range(3):
        client.get("/products/", {"q": "  Unicorn   SADDLE "})
    assert recorded_misses() == {"unicorn saddle": 1}
    product()
    api.get("/api/v1/products", {"q": "unicorn saddle"})
    assert recorded_misses() == {"unicorn saddle": 2}


@pytest.mark.parametrize(
    "params",
    [
        {"q": "tea"},
        {"q": "taepot"},
        {"q": "unicorn", "page": "2"},
        {"q": "tea", "in_stock": "1"},
        {"q": "tea", "max_price": "5"},
        {"q": "unicorn", "sort": "price"},
        {"in_stock": "1"},
        {"q": "ada@example.com"},
        {"q": "+49 (151) 234-56789"},
        {"q": "4111 1111 1111 1111"},
    ],
    ids=str,
)
def test_other_searches_are_not_counted(client, params):
    product(name="Teapot Set", inventory=0)
    client.get("/products/", params)
    assert recorded_misses() == {}


def test_a_filtered_search_is_counted_if_the_filter_makes_no_difference(client):
    client.get("/products/", {"q": "unicorn", "in_stock": "1"})
    assert recorded_misses() == {"unicorn": 1}


def test_a_long_text_is_cut(client):
    client.get("/products/", {"q": "x" * 300})
    assert recorded_misses() == {"x" * 100: 1}


def test_concurrent_searches_are_all_counted():
    at_once(10, lambda: misses.record("unicorn"))
    assert recorded_misses() == {"unicorn": 10}


def test_a_failed_write_does_not_break_the_page(client, monkeypatch):
    send = Connection.command

    def fail(self, database, command, *args, **options):
        if command.get("update") == "search_misses":
            raise AutoReconnect("gone")
        return send(self, database, command, *args, **options)

    monkeypatch.setattr(Connection, "command", fail)
    assert "Nothing matches" in client.get("/products/", {"q": "unicorn"}).content.decode()
    assert recorded_misses() == {}


def test_a_full_collection_adds_nothing_until_old_searches_are_deleted(monkeypatch):
    monkeypatch.setattr(misses, "MAX_ROWS", 2)
    misses.record("one")
    misses.record("two")
    misses.record("three")
    misses.record("two")
    assert recorded_misses() == {"one": 1, "two": 2}
    SearchMiss.objects.filter(text="one").update(last_at=timezone.now() - timedelta(days=91))
    misses.record("two")
    misses.record("three")
    assert recorded_misses() == {"two": 3, "three": 1}


def test_staff_see_the_most_frequent_searches_first(staff):
    for text, times in (("saddle", 1), ("unicorn/horn_2 %", 3), ("reins", 2)):
        for _ in range(times):
            misses.record(text)
    page = office_of(staff).get(url(SearchMiss, "changelist"))
    assert [miss.text for miss in page.context["cl"].result_list] == ["unicorn/horn_2 %", "reins", "saddle"]
