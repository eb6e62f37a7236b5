"""Whether an order may still be paid as it was placed."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from cart.totals import ZERO, totals_of
from ecommerce.core.errors import DomainError
from ecommerce.core.text.money import line_total
from orders.models import Order
from payments.holding import Products, lifetime


class OrderOverdue(DomainError):
    message = gettext_noop("The time to pay for this order is over. Please order again.")
    code, status_code = "order_overdue", 409


class OrderOutdated(DomainError):
    message = gettext_noop(
        "Prices have changed since this order was placed. Please cancel it and order again at today's prices."
    )
    code, status_code = "order_outdated", 409


def check(order: Order, products: Products) -> None:
    """Raise OrderOverdue past the order's deadline, and OrderOutdated if it costs something else by now.

    The price that a customer saw is kept for as long as a payment lives; a later payment needs today's.
    """
    age = timezone.now() - order.created_at
    if age >= timedelta(hours=settings.ORDER_PAYMENT_DEADLINE_HOURS):
        raise OrderOverdue
    if age >= lifetime() and not _costs_the_same(order, products):
        raise OrderOutdated


def _costs_the_same(order: Order, products: Products) -> bool:
    """Compare with today's prices. A product that is gone has none; the stock refuses it."""
    known = [(item, products[item.product_id]) for item in order.items if item.product_id in products]
    if len(known) < len(order.items):
        return True
    subtotal = sum((line_total(product.price, item.qty) for item, product in known), ZERO)
    same_prices = all(item.unit_price == product.price for item, product in known)
    return same_prices and totals_of(subtotal, discount=order.discount).total == order.total
