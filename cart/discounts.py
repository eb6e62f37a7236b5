"""The discounts on a cart. Coupons would be found and applied here; the shop has none yet."""

from decimal import Decimal

from cart.models import Cart
from cart.totals import ZERO


def discount_for(cart: Cart, *, subtotal: Decimal) -> Decimal:
    """Return the amount to take off the subtotal of this cart."""
    return ZERO
