"""Many customers and few units: every unit is sold once, and every answer agrees with what is stored."""

from collections import Counter

from tests.races.client import Answer
from tests.races.race import race
from tests.races.shop import Shop, statuses


@race
def test_twenty_confirms_on_five_units_sell_five(shop: Shop) -> None:
    product, buyers = shop.product(inventory=5), shop.customers(20)
    orders = shop.orders(buyers, product)

    answers = shop.race([buyer.confirm(order) for buyer, order in zip(buyers, orders, strict=True)])

    assert statuses(answers) == {200: 5, 400: 15}
    for order, answer in zip(orders, answers, strict=True):
        if answer.status == 200:
            assert answer.json == {"order_id": order, "status": "paid"}
            assert shop.stored_order(order)["status"] == "paid"
        else:
            assert answer.json["detail"] == f"Insufficient inventory for product {product.name}"
            assert shop.stored_order(order)["status"] == "failed"
    assert shop.stock(product) == 0


@race
def test_one_order_confirmed_twenty_times_takes_the_stock_once(shop: Shop) -> None:
    product, buyer = shop.product(inventory=5), shop.customer()
    order = shop.order(buyer, product)

    answers = shop.race([buyer.confirm(order)] * 20)

    assert [answer.json for answer in answers] == [{"order_id": order, "status": "paid"}] * 20
    assert shop.stock(product) == 4


@race
def test_confirming_failing_and_canceling_together_all_return_the_stored_status(shop: Shop) -> None:
    outcomes = ["success", "failure", "canceled"] * 2
    product, buyers = shop.product(inventory=6), shop.customers(6)
    orders = shop.orders(buyers, product)

    answers = shop.race(
        [
            buyer.confirm(order, outcome)
            for buyer, order in zip(buyers, orders, strict=True)
            for outcome in outcomes
        ]
    )

    stored = [shop.stored_order(order)["status"] for order in orders]
    answered = [(answer.status, answer.json.get("status")) for answer in answers]
    assert answered == [(200, status) for status in stored for _ in outcomes]
    assert shop.stock(product) == 6 - stored.count("paid")


@race
def test_an_order_short_of_stock_is_failed_in_all_answers(shop: Shop) -> None:
    outcomes = ["success", "success", "canceled"]
    product, buyers = shop.product(inventory=2), shop.customers(8)
    orders = shop.orders(buyers, product)

    answers = shop.race(
        [
            buyer.confirm(order, outcome)
            for buyer, order in zip(buyers, orders, strict=True)
            for outcome in outcomes
        ]
    )

    paid = 0
    for number, order in enumerate(orders):
        stored = shop.stored_order(order)
        paid += stored["status"] == "paid"
        assert_answers_agree(stored, answers[number * len(outcomes) : (number + 1) * len(outcomes)])
    assert shop.stock(product) == 2 - paid


def assert_answers_agree(stored: dict[str, object], answers: list[Answer]) -> None:
    """Check that answers return the stored status, except the one call that found the stock short."""
    refused = [answer for answer in answers if answer.status != 200]
    if refused:
        assert stored["status"] == "failed"
        assert [(answer.status, answer.json["detail"]) for answer in refused] == [
            (400, stored["failure_reason"])
        ]
    assert {answer.json["status"] for answer in answers if answer.status == 200} <= {stored["status"]}


@race
def test_an_order_short_of_one_product_takes_nothing_of_the_others(shop: Shop) -> None:
    first, second = shop.product(inventory=20), shop.product(inventory=20)
    third = shop.product(inventory=2)
    buyers = shop.customers(8)
    orders = shop.orders(buyers, first, second, third)

    answers = shop.race([buyer.confirm(order) for buyer, order in zip(buyers, orders, strict=True)])

    assert statuses(answers) == {200: 2, 400: 6}
    assert [shop.stock(product) for product in (first, second, third)] == [18, 18, 0]


@race
def test_orders_of_the_same_products_in_opposite_order_all_finish(shop: Shop) -> None:
    products = [shop.product(inventory=10) for _ in range(3)]
    buyers = shop.customers(10)
    orders = shop.orders(buyers[:5], *products) + shop.orders(buyers[5:], *reversed(products))

    answers = shop.race([buyer.confirm(order) for buyer, order in zip(buyers, orders, strict=True)])

    assert Counter(answer.json.get("status") for answer in answers) == {"paid": 10}
    assert [shop.stock(product) for product in products] == [0, 0, 0]
