"""Crowds: far more customers than units, played by many processes. Each answer agrees with what is stored."""

import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

import pytest

from tests.proof import size, tally
from tests.races.client import Answer, Client, Product, send
from tests.races.race import race
from tests.races.shop import Shop, statuses
from tests.races.test_stock import assert_answers_agree

BUYERS = size("BUYERS", ci=48, soak=300)
CLIENT_PROCESSES = size("CLIENT_PROCESSES", ci=3, soak=12)
UNITS = size("UNITS", ci=16, soak=100)
ORDERS = size("ORDERS", ci=40, soak=300)
CONTROL = 24  # customers of the naive shop, where so few are enough
Line = tuple[Product, int]
Stored = dict[str, dict[str, Any]]  # orders by id


@pytest.mark.proof("a sale to a crowd")
@race
def test_every_unit_is_sold_once_and_every_answer_is_true(shop: Shop) -> None:
    if shop.proper:
        sale(shop, buyers=BUYERS, processes=CLIENT_PROCESSES, units=UNITS)
    else:
        sale(shop, buyers=CONTROL, processes=2, units=CONTROL // 3)


def sale(shop: Shop, *, buyers: int, processes: int, units: int) -> None:
    product, customers = shop.product(inventory=units), shop.customers(buyers)

    purchases = shop.crowd(partial(buy, shop.port, product), customers, processes)

    answers = [answer for purchase in purchases for answer in purchase]
    stored = shop.stored_orders()
    shop.counted(f"{buyers} buyers, {processes} processes, {units} units", numbers(stored, answers))
    assert max(statuses(answers)) < 500
    paid = [order for order in stored.values() if order["status"] == "paid"]
    assert (len(paid), shop.stock(product)) == (units, 0)
    ordered = {bought[1].json["order_id"]: bought[2:] for bought in purchases if bought[1].status == 201}
    assert ordered.keys() == stored.keys()
    for order, confirmed in ordered.items():
        assert_answers_agree(stored[order], confirmed)


def buy(port: int, product: Product, buyer: Client) -> list[Answer]:
    """Add, order and pay without a pause, until a request is refused."""
    answers = [send(port, buyer.add(product)), send(port, buyer.create_order())]
    if answers[-1].status == 201:
        answers.append(send(port, buyer.confirm(answers[-1].json["order_id"])))
    return answers


@pytest.mark.proof("orders confirmed twice")
@race
def test_orders_confirmed_twice_and_canceled_agree_with_the_stock(shop: Shop) -> None:
    if shop.proper:
        confirmed_twice(shop, orders=ORDERS, processes=CLIENT_PROCESSES)
    else:
        confirmed_twice(shop, orders=CONTROL, processes=2)


def confirmed_twice(shop: Shop, *, orders: int, processes: int) -> None:
    """Confirm every order twice and cancel one in ten at once; the stock suffices for about three in four."""
    chance, start = random.Random(orders), orders
    products, buyers = [shop.product(inventory=start) for _ in range(6)], shop.customers(orders)
    carts = [(buyer, some_of(products, chance)) for buyer in buyers]
    placed = shop.crowd(partial(place_order, shop.port), carts, processes)
    calls = [
        (order, buyer.confirm(order, outcome))
        for number, (buyer, order) in enumerate(zip(buyers, placed, strict=True))
        for outcome in ["success", "success", "canceled"][: 3 if number % 10 == 0 else 2]
    ]

    answers = shop.crowd(partial(send, shop.port), [request for _, request in calls], processes)

    stored = shop.stored_orders()
    shop.counted(f"{orders} orders, {processes} processes", numbers(stored, answers))
    assert max(statuses(answers)) < 500
    by_order = zip([order for order, _ in calls], answers, strict=True)
    for order, pairs in groupby(by_order, key=lambda pair: pair[0]):
        assert stored[order]["status"] != "pending"
        assert_answers_agree(stored[order], [answer for _, answer in pairs])
    left = {product.pk: shop.stock(product) for product in products}
    assert min(left.values()) >= 0
    taken = Counter({pk: start - units for pk, units in left.items()})
    assert shop.sold() == units_in_paid_orders(stored) == taken


def units_in_paid_orders(stored: Stored) -> Counter[str]:
    """Return the number of units of each product in paid orders."""
    units: Counter[str] = Counter()
    for order in stored.values():
        if order["status"] == "paid":
            units.update({item["product_id"]: item["qty"] for item in order["items"]})
    return units


def some_of(products: Sequence[Product], chance: random.Random) -> list[Line]:
    return [(product, chance.randint(1, 4)) for product in chance.sample(products, chance.randint(2, 4))]


def place_order(port: int, cart: tuple[Client, list[Line]]) -> str:
    buyer, lines = cart
    for product, qty in lines:
        send(port, buyer.add(product, qty))
    return str(send(port, buyer.create_order()).json["order_id"])


def numbers(stored: Stored, answers: Sequence[Answer]) -> str:
    failures = sum(answer.status >= 500 for answer in answers)
    results = tally(order["status"] for order in stored.values())
    return f"{results}; {failures} of {len(answers)} answers 5xx"
