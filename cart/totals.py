"""The parts of a total. Each is rounded to the cent once, half up.

Delivery has one price per order. Tax is a percentage of what is left after the discount, delivery included.
With neither configured the total is the sum of the lines.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal

from django.conf import settings

from ecommerce.core.text.money import rounded

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Totals:
    """The amounts of a cart or an order: total = subtotal - discount + shipping + tax."""

    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal

    def as_dict(self) -> dict[str, Decimal]:
        return asdict(self)


def totals_of(subtotal: Decimal, *, discount: Decimal = ZERO) -> Totals:
    """Return the totals of lines that add up to `subtotal`, less at most this discount."""
    discount = min(rounded(discount), subtotal)
    goods = subtotal - discount
    shipping = _shipping(goods)
    tax = rounded((goods + shipping) * settings.TAX_PERCENT / 100)
    return Totals(subtotal, discount, shipping, tax, goods + shipping + tax)


def _shipping(goods: Decimal) -> Decimal:
    free_from = settings.FREE_SHIPPING_FROM
    if free_from is not None and goods >= free_from:
        return ZERO
    return rounded(settings.SHIPPING_PRICE)
