"""`seed_demo` makes data as the shop itself would have made it, and only what is missing."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from catalog import stock
from catalog.models import Product
from ecommerce.core.db import run_tx
from orders.models import Order
from tests.support import factories

pytestmark = pytest.mark.django_db


def seed(**numbers: int) -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out, **numbers)
    return out.getvalue()


def test_it_fills_the_shop_up_to_the_wanted_numbers_without_a_violation(client, fsck):
    factories.product(name="From before")
    assert seed(products=40, orders=120) == "40 products.\n120 orders.\n"
    assert (Product.objects.count(), Order.objects.count()) == (40, 120)
    assert set(Order.objects.values_list("status", flat=True)) >= {"paid", "canceled"}
    assert not any(user.has_usable_password() for user in User.objects.all())
    page = client.get(f"/products/{Product.objects.last().slug}/")
    assert page.status_code == 200
    assert seed(products=40, orders=120).count("already") == 2
    assert (Product.objects.count(), Order.objects.count()) == (40, 120)


def test_an_interrupted_run_can_be_repeated(monkeypatch, fsck):
    sell_all, calls = stock.sell_all, []

    def killed_in_the_second_batch(lines):
        calls.append(lines)
        if len(calls) == 2:
            raise KeyboardInterrupt
        sell_all(lines)

    monkeypatch.setattr(stock, "sell_all", killed_in_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        seed(products=20, orders=150)
    assert Order.objects.count() == 100
    monkeypatch.undo()
    seed(products=20, orders=150)
    assert Order.objects.count() == 150


def test_too_little_stock_is_refused_before_anything_is_sold():
    factories.product(inventory=10)
    with pytest.raises(CommandError, match="Too little is in stock"):
        seed(products=1, orders=50)
    assert not Order.objects.exists()


def test_production_refuses_it(settings):
    settings.IN_PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        seed(products=1, orders=0)


def test_one_product_too_little_in_any_order_sells_none_of_them(fsck):
    first, second = factories.product(inventory=5), factories.product(inventory=1)
    buyer = factories.user()
    orders = [factories.order(buyer, (first, 2)), factories.order(buyer, (second, 1))]
    lines = {order.pk: [stock.SaleLine(first.pk, 3, first.name)] for order in orders}
    with pytest.raises(stock.InsufficientStock):
        run_tx(lambda: stock.sell_all(lines))
    first.refresh_from_db()
    assert first.inventory == 5
