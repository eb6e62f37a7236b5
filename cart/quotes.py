"""The price of a cart at this moment, read from the database and never from the cache.

The cart page, the checkout, the API and the order all use `quote_cart`, so they always agree. A discount is
added in `cart.discounts`; delivery and tax are added in `cart.totals`.
"""

from dataclasses import dataclass
from decimal import Decimal

from cart import discounts
from cart.models import Cart, CartItem, largest_quantity
from cart.totals import ZERO, Totals, totals_of
from catalog.models import Product
from ecommerce.core.text.money import line_total


@dataclass(frozen=True)
class QuoteLine:
    """A line of the cart with its current product, which is None if it was deleted or hidden."""

    product_id: int
    qty: int
    seen_price: Decimal | None
    product: Product | None

    @property
    def available(self) -> int:
        """Return the largest quantity that can be ordered now."""
        return largest_quantity(self.product) if self.product else 0

    @property
    def can_be_ordered(self) -> bool:
        return self.qty <= self.available

    @property
    def total(self) -> Decimal:
        return line_total(self.product.price, self.qty) if self.product else ZERO

    @property
    def previous_price(self) -> Decimal | None:
        """Return the price that the customer last saw if it has changed since, otherwise None."""
        changed = self.product and self.seen_price and self.seen_price != self.product.price
        return self.seen_price if changed else None


@dataclass(frozen=True)
class Quote:
    """The lines of a cart and what they cost together."""

    lines: tuple[QuoteLine, ...]
    totals: Totals

    @property
    def total(self) -> Decimal:
        return self.totals.total

    @property
    def count(self) -> int:
        return sum(line.qty for line in self.lines)

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.lines) and all(line.can_be_ordered for line in self.lines)


def quote_cart(cart: Cart) -> Quote:
    """Return what the cart costs now. A line whose product is gone adds nothing."""
    lines = _lines(cart)
    subtotal = sum((line.total for line in lines), ZERO)
    discount = discounts.discount_for(cart, subtotal=subtotal)
    return Quote(lines, totals_of(subtotal, discount=discount))


def _lines(cart: Cart) -> tuple[QuoteLine, ...]:
    ids = [item.product_id for item in cart.items]
    visible = Product.objects.visible().filter(product_id__in=ids)
    products = {product.product_id: product for product in visible}
    return tuple(_line(item, products.get(item.product_id)) for item in cart.items)


def _line(item: CartItem, product: Product | None) -> QuoteLine:
    return QuoteLine(item.product_id, item.qty, item.seen_price, product)
