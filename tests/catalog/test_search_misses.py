"""What customers look for and do not find is kept for staff, and costs nobody anything."""

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


def missed():
    return dict(SearchMiss.objects.values_list("text", "count"))


def test_a_search_without_result_is_counted_once_for_as_long_as_its_answer_is_cached(client, api):
    for _ in range(3):
        client.get("/products/", {"q": "  Unicorn   SADDLE "})
    assert missed() == {"unicorn saddle": 1}
    product()
    api.get("/api/v1/products", {"q": "unicorn saddle"})
    assert missed() == {"unicorn saddle": 2}


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
def test_others_are_not(client, params):
    product(name="Teapot Set", inventory=0)
    client.get("/products/", params)
    assert missed() == {}


def test_one_that_no_filter_stands_in_the_way_of_is(client):
    client.get("/products/", {"q": "unicorn", "in_stock": "1"})
    assert missed() == {"unicorn": 1}


def test_a_long_text_is_cut(client):
    client.get("/products/", {"q": "x" * 300})
    assert missed() == {"x" * 100: 1}


def test_many_at_once_are_all_counted():
    at_once(10, lambda: misses.record("unicorn"))
    assert missed() == {"unicorn": 10}


def test_a_failed_write_costs_the_page_nothing(client, monkeypatch):
    send = Connection.command

    def fail(self, database, command, *args, **options):
        if command.get("update") == "search_misses":
            raise AutoReconnect("gone")
        return send(self, database, command, *args, **options)

    monkeypatch.setattr(Connection, "command", fail)
    assert "Nothing matches" in client.get("/products/", {"q": "unicorn"}).content.decode()
    assert missed() == {}


def test_a_full_list_forgets_what_is_old_and_takes_nothing_new_before(monkeypatch):
    monkeypatch.setattr(misses, "MAX_ROWS", 2)
    misses.record("one")
    misses.record("two")
    misses.record("three")
    misses.record("two")
    assert missed() == {"one": 1, "two": 2}
    SearchMiss.objects.filter(text="one").update(last_at=timezone.now() - timedelta(days=91))
    misses.record("two")
    misses.record("three")
    assert missed() == {"two": 3, "three": 1}


def test_staff_see_the_most_wanted_first(staff):
    for text, times in (("saddle", 1), ("unicorn/horn_2 %", 3), ("reins", 2)):
        for _ in range(times):
            misses.record(text)
    page = office_of(staff).get(url(SearchMiss, "changelist"))
    assert [miss.text for miss in page.context["cl"].result_list] == ["unicorn/horn_2 %", "reins", "saddle"]
