"""Changes of one cart from several tabs: none that was acknowledged is lost."""

from tests.races.race import race
from tests.races.shop import Shop, statuses


@race
def test_fifty_added_units_are_fifty_units(shop: Shop) -> None:
    product, customer = shop.product(inventory=100), shop.customer()

    answers = shop.race([customer.add(product)] * 50)

    assert statuses(answers) == {200: 50}
    assert shop.cart(customer) == [(product.product_id, 50)]


@race
def test_the_first_five_products_share_one_cart(shop: Shop) -> None:
    products, customer = [shop.product(inventory=10) for _ in range(5)], shop.customer()

    answers = shop.race([customer.add(product) for product in products * 4])

    assert statuses(answers) == {200: 20}
    assert shop.cart(customer) == [(product.product_id, 4) for product in products]


@race
def test_a_line_never_exceeds_its_maximum(shop: Shop) -> None:
    product, customer = shop.product(inventory=100), shop.customer()

    answers = shop.race([customer.add(product, 10)] * 20)

    assert statuses(answers) == {200: 9, 400: 11}
    assert shop.cart(customer) == [(product.product_id, 90)]


@race
def test_removing_a_product_keeps_the_units_of_another(shop: Shop) -> None:
    removed, kept = shop.product(inventory=10), shop.product(inventory=10)
    customer = shop.customer()
    shop.fill_cart(customer, removed)

    answers = shop.race([customer.add(kept)] * 5 + [customer.remove(removed)] + [customer.add(kept)] * 5)

    assert statuses(answers) == {200: 11}
    assert shop.cart(customer) == [(kept.product_id, 10)]


@race
def test_a_unit_added_during_orders_is_in_an_order_or_in_the_cart(shop: Shop) -> None:
    product, customer = shop.product(inventory=100), shop.customer()
    shop.fill_cart(customer, product, 5)

    answers = shop.race([customer.add(product), customer.add(product), customer.create_order()] * 6)

    assert statuses(answers[0::3] + answers[1::3]) == {200: 12}
    assert set(statuses(answers[2::3])) <= {201, 400}
    ordered = sum(item["qty"] for order in shop.orders_of(customer) for item in order["items"])
    assert ordered + sum(qty for _, qty in shop.cart(customer)) == 5 + 12


@race
def test_signing_in_from_eight_tabs_moves_the_guests_lines_once(shop: Shop) -> None:
    products, customer, guest = [shop.product(inventory=10) for _ in range(2)], shop.customer(), shop.guest()
    for product in products:
        shop.fill_cart(guest, product, 3)

    answers = shop.race([guest.log_in_as(customer.email)] * 8)

    assert statuses(answers) == {200: 8}
    assert shop.cart(customer) == [(product.product_id, 3) for product in products]


@race
def test_a_guests_units_are_either_ordered_or_moved(shop: Shop) -> None:
    product, customer, guest = shop.product(inventory=100), shop.customer(), shop.guest()
    shop.fill_cart(guest, product, 5)

    answers = shop.race([guest.log_in_as(customer.email), guest.create_order()] * 4)

    assert set(statuses(answers[1::2])) <= {201, 400}
    ordered = [answer for answer in answers[1::2] if answer.status == 201]
    assert 5 * len(ordered) + sum(qty for _, qty in shop.cart(customer)) == 5
