"""Products that are often bought together: counted by the worker, shown on product pages."""

import re
from html import unescape

import pytest
from django.test import Client

from catalog.models import Demand, Product
from catalog.recommendations import demand
from catalog.services import delete_product, update_product
from orders import co_purchases
from orders.tasks import learn_demand
from payments import services, staff_actions
from tests.support.factories import order as make_order
from tests.support.factories import product as make_product
from tests.support.factories import user as make_user
from tests.support.query_plans import plan_of
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
TITLE = "Often bought together"


@pytest.fixture
def shelf() -> dict[str, Product]:
    return {
        name: make_product(name=name, slug=name.lower(), inventory=99)
        for name in ("Tea", "Pot", "Cup", "Mat")
    }


def bought(*products: Product, times: int = 1, outcome: str = "success") -> list:
    buyer = make_user()
    orders = [make_order(buyer, *((each, 1) for each in products)) for _ in range(times)]
    return [services.confirm(order, outcome=outcome, by=buyer) for order in orders]


def together(product: Product) -> list[str]:
    """Return the product names in the section, or nothing if the page has no such section."""
    text = unescape(Client().get(f"/products/{product.slug}/").content.decode())
    section = text.partition(TITLE)[2].partition("</section>")[0]
    return re.findall(r'<span class="name">(.*?)</span>', section)


def test_two_paid_orders_with_both_products_make_a_pair_in_both_directions(shelf):
    bought(shelf["Tea"], shelf["Pot"], times=demand.ORDERS_NEEDED)
    assert learn_demand() is None
    assert together(shelf["Tea"]) == ["Pot"]
    assert together(shelf["Pot"]) == ["Tea"]
    assert TITLE not in Client().get("/products/mat/").content.decode()


def test_one_order_is_not_enough_and_the_page_has_no_empty_section(shelf):
    bought(shelf["Tea"], shelf["Pot"])
    learn_demand()
    assert TITLE not in Client().get("/products/tea/").content.decode()


@pytest.mark.parametrize("outcome", ["failure", "canceled"])
def test_unpaid_orders_do_not_count(shelf, outcome):
    bought(shelf["Tea"], shelf["Pot"], times=2, outcome=outcome)
    make_order(make_user(), (shelf["Tea"], 1), (shelf["Pot"], 1))
    learn_demand()
    assert together(shelf["Tea"]) == []


def test_the_most_frequent_pair_comes_first(shelf):
    bought(shelf["Tea"], shelf["Pot"], shelf["Cup"], times=2)
    bought(shelf["Tea"], shelf["Cup"])
    learn_demand()
    assert together(shelf["Tea"]) == ["Cup", "Pot"]


def test_canceled_and_fully_refunded_orders_do_not_count_but_partly_refunded_ones_do(shelf, staff):
    tea, pot, cup = shelf["Tea"], shelf["Pot"], shelf["Cup"]
    (one, _), (two, _), (three, _) = (bought(tea, other, times=2) for other in (pot, cup, shelf["Mat"]))
    learn_demand()
    assert set(together(tea)) == {"Pot", "Cup", "Mat"}
    staff_actions.cancel_order(one, by=staff)
    staff_actions.refund_order(two, by=staff)
    staff_actions.refund_order(three, by=staff, amount=1)
    learn_demand()
    assert together(tea) == ["Mat"]


def test_unavailable_products_disappear_at_once_and_come_back(shelf):
    bought(shelf["Tea"], shelf["Pot"], shelf["Cup"], shelf["Mat"], times=2)
    learn_demand()
    assert len(together(shelf["Tea"])) == 3
    update_product(pk=shelf["Pot"].pk, is_active=False)
    update_product(pk=shelf["Cup"].pk, inventory=0)
    delete_product(pk=shelf["Mat"].pk)
    assert together(shelf["Tea"]) == []
    update_product(pk=shelf["Pot"].pk, is_active=True)
    assert together(shelf["Tea"]) == ["Pot"]


def test_a_product_is_not_suggested_twice(shelf):
    for each in shelf.values():
        update_product(pk=each.pk, category="Kitchen")
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    text = Client().get("/products/tea/").content.decode()
    assert text.count('href="/products/pot/"') == 1
    assert text.count('href="/products/cup/"') == 1


def test_repeats_and_concurrent_runs_store_the_same(shelf):
    bought(shelf["Tea"], shelf["Pot"], shelf["Cup"], times=3)
    assert sorted(at_once(3, co_purchases.learn_demand)) == [False, False, True]
    stored = list(Demand.objects.order_by("pk").values())
    assert co_purchases.learn_demand() is False
    assert list(Demand.objects.order_by("pk").values()) == stored
    assert {row["orders"] for row in stored} == {3}


def test_products_that_are_no_longer_bought_are_deleted(shelf, monkeypatch):
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    monkeypatch.setattr(co_purchases, "NEWEST_ORDERS", 1)
    bought(shelf["Mat"])
    learn_demand()
    assert [row.pk for row in Demand.objects.all()] == [shelf["Mat"].pk]


def test_very_large_orders_make_no_pairs(shelf, monkeypatch):
    monkeypatch.setattr(demand, "LARGEST_BASKET", 2)
    bought(*shelf.values(), times=2)
    learn_demand()
    assert together(shelf["Tea"]) == []


def test_a_cached_page_needs_no_query_and_an_uncached_one_uses_an_index(shelf, sent):
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    assert together(shelf["Tea"]) == ["Pot"]
    assert sent(lambda: together(shelf["Tea"])) == []
    assert plan_of(Demand.objects.filter(pk=shelf["Tea"].pk)).examined == 1


def test_the_home_page_shows_popular_products_once_enough_were_bought_twice(shelf):
    names = [*shelf.values(), *(make_product(name=f"Soap {n}", inventory=99) for n in range(7))]
    bought(*names)
    learn_demand()
    assert "Popular right now" not in Client().get("/").content.decode()
    bought(*names)
    bought(shelf["Mat"])
    learn_demand()
    text = Client().get("/").content.decode()
    assert "New and in stock" not in text
    popular = text.partition("Popular right now")[2]
    assert re.findall(r'<span class="name">(.*?)</span>', popular)[0] == "Mat"
    assert "Popular right now" in Client().get("/products/?q=nothing-like-it").content.decode()
    update_product(pk=shelf["Cup"].pk, inventory=0)  # leaves ten, which is too few
    assert "Popular right now" not in Client().get("/").content.decode()


def test_the_page_of_a_sold_out_product_shows_similar_products_first(shelf):
    for name in ("Tea", "Pot"):
        update_product(pk=shelf[name].pk, category="Kitchen")
    bought(shelf["Tea"], shelf["Pot"], shelf["Mat"], times=2)
    learn_demand()
    update_product(pk=shelf["Tea"].pk, inventory=0)
    assert together(shelf["Tea"]) == ["Mat"]
    text = Client().get("/products/tea/").content.decode()
    assert 'href="#related"' in text
    assert 'href="/products/pot/"' in text.partition('id="related"')[2]


def test_there_is_no_second_row_if_the_whole_category_is_in_the_first(shelf):
    for name in ("Tea", "Pot"):
        update_product(pk=shelf[name].pk, category="Kitchen")
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    assert together(shelf["Tea"]) == ["Pot"]
    assert "You may also like" not in Client().get("/products/tea/").content.decode()
