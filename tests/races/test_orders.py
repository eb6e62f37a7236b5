"""Impatient customers: one cart becomes one order, however often they click."""

from tests.races.race import race
from tests.races.shop import Shop, statuses


@race
def test_twenty_clicks_make_one_order(shop: Shop) -> None:
    product, customer = shop.product(inventory=10), shop.customer()
    shop.fill_cart(customer, product)

    answers = shop.race([customer.create_order()] * 20)

    assert statuses(answers) == {201: 1, 400: 19}
    refusals = {answer.json["detail"] for answer in answers if answer.status == 400}
    assert refusals == {"Cart is empty"}
    assert len(shop.orders_of(customer)) == 1
    assert shop.cart(customer) == []


@race
def test_twenty_clicks_with_one_key_all_return_the_same_order(shop: Shop) -> None:
    product, customer = shop.product(inventory=10), shop.customer()
    shop.fill_cart(customer, product)

    answers = shop.race([customer.create_order("click")] * 20)

    assert statuses(answers) == {201: 1, 200: 19}
    [order] = shop.orders_of(customer)
    assert {answer.json["order_id"] for answer in answers} == {order["id"]}
    assert shop.cart(customer) == []


@race
def test_two_tabs_with_different_keys_make_one_order(shop: Shop) -> None:
    product, customer = shop.product(inventory=10), shop.customer()
    shop.fill_cart(customer, product)

    answers = shop.race([customer.create_order("tab-1"), customer.create_order("tab-2")] * 10)

    assert statuses(answers) == {201: 1, 200: 9, 400: 10}
    [order] = shop.orders_of(customer)
    returned = {answer.json["order_id"] for answer in answers if answer.status != 400}
    assert returned == {order["id"]}
