"""Staff members act at once: a parcel is shipped once, and money and goods are returned at most once."""

from tests.races.race import race
from tests.races.shop import Shop, statuses


@race
def test_twenty_requests_ship_an_order_once(shop: Shop) -> None:
    order = shop.paid_order(shop.product(inventory=10))

    answers = shop.race([shop.admin.ship(order)] * 20)

    assert statuses(answers) == {200: 20}
    assert {answer.json["fulfilment"] for answer in answers} == {"shipped"}
    assert (shop.count("outbox", kind="order_shipped"), shop.entries("order.ship")) == (1, 1)


@race
def test_an_order_is_either_shipped_or_canceled(shop: Shop) -> None:
    product = shop.product(inventory=10)
    order = shop.paid_order(product)

    answers = shop.race([shop.admin.ship(order), shop.admin.cancel(order)] * 5)

    assert statuses(answers) == {200: 5, 409: 5}
    result = (shop.stored_order(order)["fulfilment"], shop.stock(product), shop.count("refunds"))
    assert result in {("shipped", 9, 0), ("canceled", 10, 1)}
    assert shop.count("outbox", kind="order_shipped") == (result[0] == "shipped")


@race
def test_twenty_cancellations_refund_and_restock_once(shop: Shop) -> None:
    product = shop.product(inventory=10)
    order = shop.paid_order(product)

    answers = shop.race([shop.admin.cancel(order)] * 20)

    assert statuses(answers) == {200: 20}
    assert (shop.stock(product), shop.count("refunds")) == (10, 1)


@race
def test_refunds_never_exceed_the_received_money(shop: Shop) -> None:
    order = shop.paid_order(shop.product(inventory=10))  # of 79.99

    answers = shop.race([shop.admin.refund(order, amount=30)] * 8)

    assert statuses(answers) == {200: 2, 409: 6}
    assert shop.count("refunds") == 2


@race
def test_a_double_click_refunds_once(shop: Shop) -> None:
    order = shop.paid_order(shop.product(inventory=10))

    answers = shop.race([shop.admin.refund(order, key="click", amount=30)] * 8)

    assert statuses(answers) == {200: 8}
    assert shop.count("refunds") == 1
