"""What is often bought together: learned from paid orders by the worker, shown on the product's page."""

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
from tests.explaining import plan_of
from tests.factories import order as make_order
from tests.factories import product as make_product
from tests.factories import user as make_user
from tests.threads import at_once

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
    """The names in the section; nothing where there is none."""
    text = unescape(Client().get(f"/products/{product.slug}/").content.decode())
    section = text.partition(TITLE)[2].partition("</section>")[0]
    return re.findall(r'<span class="name">(.*?)</span>', section)


def test_two_paid_orders_with_both_make_a_pair_both_ways(shelf):
    bought(shelf["Tea"], shelf["Pot"], times=demand.ORDERS_NEEDED)
    assert learn_demand() is None
    assert together(shelf["Tea"]) == ["Pot"]
    assert together(shelf["Pot"]) == ["Tea"]
    assert TITLE not in Client().get("/products/mat/").content.decode()


def test_one_order_is_not_enough_and_its_page_has_no_empty_section(shelf):
    bought(shelf["Tea"], shelf["Pot"])
    learn_demand()
    assert TITLE not in Client().get("/products/tea/").content.decode()


@pytest.mark.parametrize("outcome", ["failure", "canceled"])
def test_orders_that_were_not_paid_do_not_count(shelf, outcome):
    bought(shelf["Tea"], shelf["Pot"], times=2, outcome=outcome)
    make_order(make_user(), (shelf["Tea"], 1), (shelf["Pot"], 1))
    learn_demand()
    assert together(shelf["Tea"]) == []


def test_the_most_often_comes_first(shelf):
    bought(shelf["Tea"], shelf["Pot"], shelf["Cup"], times=2)
    bought(shelf["Tea"], shelf["Cup"])
    learn_demand()
    assert together(shelf["Tea"]) == ["Cup", "Pot"]


def test_what_was_canceled_or_refunded_in_full_counts_no_more_and_in_part_still(shelf, staff):
    tea, pot, cup = shelf["Tea"], shelf["Pot"], shelf["Cup"]
    (one, _), (two, _), (three, _) = (bought(tea, other, times=2) for other in (pot, cup, shelf["Mat"]))
    learn_demand()
    assert set(together(tea)) == {"Pot", "Cup", "Mat"}
    staff_actions.cancel_order(one, by=staff)
    staff_actions.refund_order(two, by=staff)
    staff_actions.refund_order(three, by=staff, amount=1)
    learn_demand()
    assert together(tea) == ["Mat"]


def test_what_cannot_be_bought_is_left_out_at_once_and_comes_back(shelf):
    bought(shelf["Tea"], shelf["Pot"], shelf["Cup"], shelf["Mat"], times=2)
    learn_demand()
    assert len(together(shelf["Tea"])) == 3
    update_product(pk=shelf["Pot"].pk, is_active=False)
    update_product(pk=shelf["Cup"].pk, inventory=0)
    delete_product(pk=shelf["Mat"].pk)
    assert together(shelf["Tea"]) == []
    update_product(pk=shelf["Pot"].pk, is_active=True)
    assert together(shelf["Tea"]) == ["Pot"]


def test_what_is_bought_together_is_not_suggested_twice(shelf):
    for each in shelf.values():
        update_product(pk=each.pk, category="Kitchen")
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    text = Client().get("/products/tea/").content.decode()
    assert text.count('href="/products/pot/"') == 1
    assert text.count('href="/products/cup/"') == 1


def test_a_repeat_and_several_at_once_store_the_same(shelf):
    bought(shelf["Tea"], shelf["Pot"], shelf["Cup"], times=3)
    assert sorted(at_once(3, co_purchases.learn_demand)) == [False, False, True]
    stored = list(Demand.objects.order_by("pk").values())
    assert co_purchases.learn_demand() is False
    assert list(Demand.objects.order_by("pk").values()) == stored
    assert {row["orders"] for row in stored} == {3}


def test_what_is_bought_no_more_is_forgotten(shelf, monkeypatch):
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    monkeypatch.setattr(co_purchases, "LOOKED_AT", 1)
    bought(shelf["Mat"])
    learn_demand()
    assert [row.pk for row in Demand.objects.all()] == [shelf["Mat"].pk]


def test_a_basket_of_everything_says_nothing_of_pairs(shelf, monkeypatch):
    monkeypatch.setattr(demand, "LARGEST_BASKET", 2)
    bought(*shelf.values(), times=2)
    learn_demand()
    assert together(shelf["Tea"]) == []


def test_a_warm_page_asks_nothing_and_a_cold_one_by_an_index(shelf, sent):
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    assert together(shelf["Tea"]) == ["Pot"]
    assert sent(lambda: together(shelf["Tea"])) == []
    assert plan_of(Demand.objects.filter(pk=shelf["Tea"].pk)).examined == 1


def test_the_home_page_calls_popular_what_is_bought_the_most_and_nothing_before(shelf):
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
    update_product(pk=shelf["Cup"].pk, inventory=0)  # ten are left, which is too few
    assert "Popular right now" not in Client().get("/").content.decode()


def test_beside_what_is_sold_out_similar_products_go_first(shelf):
    for name in ("Tea", "Pot"):
        update_product(pk=shelf[name].pk, category="Kitchen")
    bought(shelf["Tea"], shelf["Pot"], shelf["Mat"], times=2)
    learn_demand()
    update_product(pk=shelf["Tea"].pk, inventory=0)
    assert together(shelf["Tea"]) == ["Mat"]
    text = Client().get("/products/tea/").content.decode()
    assert 'href="#related"' in text
    assert 'href="/products/pot/"' in text.partition('id="related"')[2]


def test_where_all_of_the_category_is_bought_together_there_is_no_second_row(shelf):
    for name in ("Tea", "Pot"):
        update_product(pk=shelf[name].pk, category="Kitchen")
    bought(shelf["Tea"], shelf["Pot"], times=2)
    learn_demand()
    assert together(shelf["Tea"]) == ["Pot"]
    assert "You may also like" not in Client().get("/products/tea/").content.decode()
