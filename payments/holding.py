"""How much stock a payment may hold. Holding is limited, so that no one keeps goods from others unpaid.

Paying is not: beyond a limit a payment starts without a hold. Its goods are sold when the money arrives, or
the money is refunded if they are gone by then. So a customer who wants all that is left can buy it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.utils import timezone

from catalog import stock
from catalog.models import Product
from orders.models import Order
from payments.models import Payment
from payments.sale_lines import sale_lines

HOLDS_PER_ORDER = 3  # full ones, in all of an order's payments together
# Providers require a minimum lifetime of a session, so a start that is retried a little later needs a margin.
RETRY_MARGIN = timedelta(minutes=5)
Products = Mapping[str, Product]  # those that can be bought, by ObjectId as text


def lifetime() -> timedelta:
    """Return how long a payment stays open, and its hold with it."""
    return timedelta(minutes=settings.PAYMENT_HOLD_MINUTES) + RETRY_MARGIN


def hold(order: Order, products: Products, *, payment: ObjectId, others: list[list[Payment]]) -> bool:
    """Inside a transaction, hold the order's stock for a payment; return False if that is beyond a limit.

    `others` are the open payments of each payer. Raise InsufficientStock, also if nothing is to be held.
    """
    is_fair = _leaves_some(order, products) and all(_is_fair(order, products, each) for each in others)
    if not _has_time_left(order) or not is_fair:
        stock.require(sale_lines(order))
        return False
    stock.hold(sale_lines(order), payment=payment, order=order.pk)
    return True


def ended(payment: Payment) -> dict[str, Any]:
    """Return the fields of a payment that no longer holds anything, nor counts as open."""
    fields: dict[str, Any] = {"held": False, "buyer": "", "network": ""}
    return fields | {"held_seconds": _seconds_since(payment.created_at)} if payment.held else fields


def _seconds_since(moment: datetime) -> int:
    return max(0, round((timezone.now() - moment).total_seconds()))


def _has_time_left(order: Order) -> bool:
    """Return whether one more full hold is within the time for which the order may hold stock."""
    used = sum(Payment.objects.filter(order=order.pk).values_list("held_seconds", flat=True))
    return timedelta(seconds=used) <= (HOLDS_PER_ORDER - 1) * lifetime()


def _leaves_some(order: Order, products: Products) -> bool:
    """Return whether, with this order, all payments together leave goods for others: payers cost nothing."""
    return all(
        products[pk].on_hold + qty <= _part(products[pk], settings.HELD_TOGETHER_PERCENT)
        for pk, qty in order.quantities.items()
        if pk in products
    )


def _is_fair(order: Order, products: Products, others: Iterable[Payment]) -> bool:
    """Return whether, with this order, a payer's payments hold at most their share of each product."""
    held = _held_units(others)
    held.update(order.quantities)
    share = settings.HOLD_SHARE_PERCENT
    return all(held[pk] <= _part(products[pk], share) for pk in order.quantities if pk in products)


def _held_units(payments: Iterable[Payment]) -> "Counter[str]":
    held: Counter[str] = Counter()
    orders = [payment.order_id for payment in payments if payment.held]
    for order in Order.objects.filter(pk__in=orders) if orders else ():
        held.update(order.quantities)
    return held


def _part(product: Product, percent: int) -> int:
    """Return a part of the goods on hand: at least one, so that the last one can be held, too."""
    goods = product.inventory + product.on_hold
    return max(1, goods * percent // 100)
