"""Stock is the sum of its movements, never negative, and all or nothing for several products."""

import pytest
from bson import ObjectId
from django.db import IntegrityError

from catalog import stock
from catalog.models import MAX_INVENTORY, Product, StockMovement
from catalog.services import delete_product, update_product
from ecommerce.core.db import run_tx
from tests.support.factories import product as make_product

pytestmark = pytest.mark.django_db


def line(product, quantity):
    return stock.SaleLine(product.pk, quantity, product.name)


def sell(*lines, order=None):
    run_tx(lambda: stock.sell(lines, order=order or ObjectId()))


def level(product):
    return Product.objects.values_list("inventory", flat=True).get(pk=product.pk)


def movements(product):
    moved = StockMovement.objects.filter(product=product.pk).order_by("pk")
    return list(moved.values_list("reason", "quantity"))


def test_every_change_is_a_movement_and_they_add_up(product):
    sell(line(product, 3))
    update_product(pk=product.pk, inventory_delta=5)
    update_product(pk=product.pk, inventory=1)
    assert movements(product) == [("initial", 10), ("sale", -3), ("adjustment", 5), ("adjustment", -11)]
    assert level(product) == 1


def test_a_product_without_stock_has_an_account_too(fsck):
    assert movements(make_product(inventory=0)) == [("initial", 0)]
    fsck()


@pytest.mark.parametrize("quantity", [1, 9, 10])
def test_it_sells_up_to_the_last_one(product, quantity):
    sell(line(product, quantity))
    assert level(product) == 10 - quantity


@pytest.mark.parametrize("quantity", [11, 2**31])
def test_it_never_sells_more_than_there_is(product, quantity, fsck):
    with pytest.raises(stock.InsufficientStock, match=f"Insufficient inventory for product {product.name}"):
        sell(line(product, quantity))
    assert level(product) == 10
    fsck()


def test_a_line_that_is_short_gives_back_what_the_others_took(product, fsck):
    scarce = make_product(inventory=1)
    for lines in ([line(product, 2), line(scarce, 2)], [line(scarce, 2), line(product, 2)]):
        with pytest.raises(stock.InsufficientStock, match=scarce.name):
            sell(*lines)
    assert (level(product), level(scarce)) == (10, 1)
    assert movements(product) == [("initial", 10)]
    fsck()


def test_one_order_takes_a_products_stock_once(product):
    order = ObjectId()
    sell(line(product, 1), order=order)
    with pytest.raises(IntegrityError):
        sell(line(product, 1), order=order)
    assert level(product) == 9


@pytest.mark.parametrize("gone", ["hidden", "deleted"])
def test_a_hidden_or_deleted_product_counts_as_short(product, gone, fsck):
    if gone == "hidden":
        update_product(pk=product.pk, is_active=False)
    else:
        delete_product(pk=product.pk)
    with pytest.raises(stock.InsufficientStock):
        sell(line(product, 1))
    fsck()


@pytest.mark.parametrize("change", [-11, MAX_INVENTORY - 9, MAX_INVENTORY, -MAX_INVENTORY])
def test_an_adjustment_stays_in_range(product, change, fsck):
    with pytest.raises(stock.StockOutOfRange):
        update_product(pk=product.pk, inventory_delta=change)
    assert level(product) == 10
    fsck()


def test_deleting_closes_the_account(product):
    sell(line(product, 3))
    delete_product(pk=product.pk)
    assert movements(product) == [("initial", 10), ("sale", -3), ("closed", -7)]
