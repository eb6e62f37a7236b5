"""Demo orders of two years, more and more of them, as customers and staff have left them."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate

from bson import ObjectId
from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from cart.models import owner_key
from cart.totals import totals_of
from catalog import cache, stock
from catalog.models import Product
from ecommerce.core.db import run_tx
from ecommerce.core.text.money import line_total
from ecommerce.management.demo.buyers import add_buyers, address_of
from ecommerce.management.demo.histories import History
from orders.models import Order, OrderItem, new_number, subtotal_of
from orders.search import terms
from payments.sale_lines import sale_lines

BATCH = 100
SPAN = timedelta(days=730)
ORDERS_PER_BUYER = 4
MAX_LINES, MAX_QUANTITY = 4, 3
UNITS_PER_ORDER = 3  # on average, rounded up
BUYING_HOURS = [*range(7, 24), *range(17, 23)]  # most buy in the evening


class TooLittleStock(Exception):
    """The catalogue has too few units for the orders."""


def add_orders(wanted: int) -> Iterator[int]:
    """Add orders until there are this many, in transactions of 100, and yield each total.

    Raises TooLittleStock.
    """
    dice = random.Random(wanted)  # noqa: S311  # demo data, not a secret
    stored, now = Order.objects.count(), timezone.now()
    shelf = _Shelf(dice, units=(wanted - stored) * UNITS_PER_ORDER)
    buyers: list[User] = []
    try:
        while stored < wanted:
            number = min(BATCH, wanted - stored)
            times = sorted(_time(dice, (stored + at + 1) / wanted, now) for at in range(number))
            buyers += add_buyers(dice, max(1, number // ORDERS_PER_BUYER))
            histories = [_history(dice, shelf, dice.choice(buyers), at, now) for at in times]
            run_tx(lambda histories=histories: _store(histories))  # type: ignore[misc]
            stored += number
            yield stored
    finally:
        cache.stock_changed()


def _time(dice: random.Random, share: float, now: datetime) -> datetime:
    """Return when this share of all orders had been placed, moved to an hour at which people buy."""
    day = now - SPAN * (1 - share**0.5)
    at = day.replace(hour=dice.choice(BUYING_HOURS), minute=dice.randrange(60), second=dice.randrange(60))
    return min(at, now - timedelta(seconds=dice.randrange(1, 3600)))


def _history(dice: random.Random, shelf: "_Shelf", buyer: User, at: datetime, now: datetime) -> History:
    order = _order(dice, shelf, buyer, at)
    history = History(dice, order, now)
    if order.status != Order.Status.PAID:
        shelf.put_back(order)
    return history


def _order(dice: random.Random, shelf: "_Shelf", buyer: User, at: datetime) -> Order:
    [lines] = dice.choices(range(1, MAX_LINES + 1), (10, 6, 3, 1))
    items = list({item.product_id: item for item in (shelf.take() for _ in range(lines))}.values())
    number, amounts = new_number(), totals_of(subtotal_of(items)).as_dict()
    return Order(
        pk=ObjectId(),
        number=number,
        owner=owner_key(buyer),
        user=buyer,
        email=buyer.email,
        shipping_address=address_of(dice, buyer),
        items=items,
        currency=settings.CURRENCY,
        created_at=at,
        search_terms=terms(number, items),
        **amounts,
    )


def _store(histories: list[History]) -> None:
    """Insert everything about these orders, and sell what was paid."""
    paid = [history.order for history in histories if history.order.status == Order.Status.PAID]
    models: list[type[Model]] = [Order, *History.MODELS]
    for model in models:
        rows = [row for history in histories for row in history.rows if isinstance(row, model)]
        model._default_manager.bulk_create(rows)
    stock.sell_all({order.pk: sale_lines(order) for order in paid})


class _Shelf:
    """The products with stock, each chosen as often as there is much of it."""

    def __init__(self, dice: random.Random, *, units: int) -> None:
        rows = Product.objects.visible().filter(inventory__gt=0).order_by()
        self._products = list(rows.only("pk", "name", "price", "inventory").iterator())
        self._left = [product.inventory for product in self._products]
        self._place = {str(product.pk): at for at, product in enumerate(self._products)}
        self._weights, self._dice = list(accumulate(self._left)), dice
        if sum(self._left) < units:
            raise TooLittleStock

    def take(self) -> OrderItem:
        while True:
            [at] = self._dice.choices(range(len(self._products)), cum_weights=self._weights)
            product, wanted = self._products[at], self._dice.choices(range(1, MAX_QUANTITY + 1), (8, 2, 1))[0]
            if quantity := min(wanted, self._left[at]):
                self._left[at] -= quantity
                return _item(product, quantity)

    def put_back(self, order: Order) -> None:
        for item in order.items:
            self._left[self._place[item.product_id]] += item.qty


def _item(product: Product, quantity: int) -> OrderItem:
    total = line_total(product.price, quantity)
    return OrderItem(
        product_id=str(product.pk),
        name=product.name,
        unit_price=product.price,
        qty=quantity,
        line_total=total,
    )
