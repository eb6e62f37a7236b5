"""What an order costs beside its lines. Each amount is rounded to the cent once, half up.

The lines add up to the subtotal. Shipping is one price an order. Tax is a percentage of what is left after
the discount, shipping included. With neither configured the total is the sum of the lines.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal

from django.conf import settings

from ecommerce.core.text.money import rounded

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Totals:
    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal

    def as_dict(self) -> dict[str, Decimal]:
        return asdict(self)


def totals_of(subtotal: Decimal, *, discount: Decimal = ZERO) -> Totals:
    """The breakdown of an order whose lines add up to `subtotal`."""
    goods = subtotal - discount
    shipping = _shipping(goods)
    tax = rounded((goods + shipping) * settings.TAX_PERCENT / 100)
    return Totals(subtotal, discount, shipping, tax, goods + shipping + tax)


def _shipping(goods: Decimal) -> Decimal:
    free_from = settings.FREE_SHIPPING_FROM
    return ZERO if free_from is not None and goods >= free_from else rounded(settings.SHIPPING_PRICE)
