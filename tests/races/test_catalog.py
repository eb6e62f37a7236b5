"""Admins edit products while customers buy and look. On the naive shop only the edits are naive."""

from tests.proof import size
from tests.races.client import Product, Request, form, look_at
from tests.races.race import race
from tests.races.shop import Shop, statuses

SALES = size("SALES", ci=10, soak=30)


def proper_sales(shop: Shop, product: Product, number: int) -> list[Request]:
    """Place orders, and return the requests that pay them with the shop's own code."""
    buyers = shop.customers(number)
    orders = shop.orders(buyers, product)
    return [buyer.confirm(order).properly() for buyer, order in zip(buyers, orders, strict=True)]


@race
def test_a_price_edit_during_sales_loses_neither(shop: Shop) -> None:
    product = shop.product(inventory=SALES + 10)
    sales = proper_sales(shop, product, SALES)

    edits = [shop.admin.change(product, price=64.5)] * 5
    answers = shop.race([*sales[: SALES // 2], *edits, *sales[SALES // 2 :]])

    assert statuses(answers) == {200: SALES + 5}
    assert shop.stock(product) == 10
    assert shop.price(product) == 64.5


@race
def test_an_edit_on_the_admin_page_during_sales_loses_neither(shop: Shop) -> None:
    product, session = shop.product(inventory=20), shop.admin_session()
    sales = proper_sales(shop, product, 8)
    fields = {"product_id": product.product_id, "name": product.name, "slug": product.slug, "is_active": "on"}
    edit = form(f"/admin/catalog/product/{product.pk}/change/", session, **fields, price="64.50")

    answers = shop.race([*sales[:4], *[edit] * 5, *sales[4:]])

    assert statuses(answers) == {200: 8, 302: 5}
    assert shop.stock(product) == 12
    assert shop.price(product) == 64.5


@race
def test_deliveries_during_sales_add_up(shop: Shop) -> None:
    product = shop.product(inventory=20)
    sales = proper_sales(shop, product, 8)

    answers = shop.race([*sales, *[shop.admin.change(product, inventory_delta=3)] * 10])

    assert statuses(answers) == {200: 18}
    assert shop.stock(product) == 20 - 8 + 10 * 3


@race
def test_a_stocktaking_during_sales_is_recorded_as_the_change_it_made(shop: Shop) -> None:
    product = shop.product(inventory=20)
    sales = proper_sales(shop, product, 8)

    answers = shop.race([*sales[:4], *[shop.admin.change(product, inventory=50)] * 5, *sales[4:]])

    assert statuses(answers) == {200: 13}
    assert 42 <= shop.stock(product) <= 50  # and fsck checks that the movements add up to it


@race
def test_a_product_deleted_during_sales_keeps_exact_stock_movements(shop: Shop) -> None:
    product = shop.product(inventory=20)
    sales = proper_sales(shop, product, 8)

    answers = shop.race([*sales[:4], *[shop.admin.delete(product)] * 5, *sales[4:]])

    deleted, sold = answers[4:9], answers[:4] + answers[9:]
    assert statuses(deleted) == {200: 1, 404: 4}
    assert {answer.json["status"] for answer in sold if answer.status == 200} <= {"paid"}
    refusals = {answer.json["detail"] for answer in sold if answer.status != 200}
    assert refusals <= {f"Insufficient inventory for product {product.name}"}


@race
def test_ten_products_with_one_slug_create_one_product(shop: Shop) -> None:
    create = shop.admin.create(name="A", slug="one-slug", price=5, inventory=3)

    answers = shop.race([create] * 10)

    assert statuses(answers) == {201: 1, 400: 9}
    refusals = {answer.json["detail"] for answer in answers if answer.status == 400}
    assert refusals == {"Slug already exists"}


@race
def test_the_first_ten_products_get_different_numbers(shop: Shop) -> None:
    answers = shop.race(
        [shop.admin.create(name="A", slug=f"first-{n}", price=5, inventory=3) for n in range(10)]
    )

    assert statuses(answers) == {201: 10}
    assert sorted(answer.json["product_id"] for answer in answers) == list(range(1, 11))


@race
def test_an_acknowledged_price_edit_is_visible_to_all(shop: Shop) -> None:
    product = shop.product(inventory=10)

    for price in (10.5, 11.5, 12.5):
        shop.race([look_at(product)] * 5 + [shop.admin.change(product, price=price)] + [look_at(product)] * 5)
        [seen] = shop.race([look_at(product)])
        assert seen.json["price"] == price


@race
def test_a_rate_limit_counts_the_requests_of_all_workers(shop: Shop) -> None:
    product, customer = shop.product(inventory=10), shop.new_customer()

    answers = shop.race([customer.look_at(product)] * 40)

    assert statuses(answers) == {200: 10, 429: 30}
