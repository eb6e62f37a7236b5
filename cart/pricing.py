"""What a cart costs at this moment, read from the database and never from the cache."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from cart.models import MAX_QTY, Cart, CartItem
from cart.totals import ZERO, Totals, totals_of
from catalog.models import Product
from ecommerce.core.text.money import line_total


@dataclass(frozen=True)
class PricedLine:
    """One line with today's product, or None where it was deleted or hidden."""

    product_id: int
    qty: int
    seen_price: Decimal | None
    product: Product | None

    @property
    def available(self) -> int:
        return min(self.product.inventory, MAX_QTY) if self.product else 0

    @property
    def can_be_ordered(self) -> bool:
        return self.qty <= self.available

    @property
    def total(self) -> Decimal:
        return line_total(self.product.price, self.qty) if self.product else ZERO

    @property
    def price_before(self) -> Decimal | None:
        """The price that the customer last saw, where it has changed since."""
        changed = self.product and self.seen_price and self.seen_price != self.product.price
        return self.seen_price if changed else None


@dataclass(frozen=True)
class PricedCart:
    lines: list[PricedLine]

    @cached_property
    def totals(self) -> Totals:
        return totals_of(sum((line.total for line in self.lines), ZERO))

    @property
    def total(self) -> Decimal:
        return self.totals.total

    @property
    def count(self) -> int:
        return sum(line.qty for line in self.lines)

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.lines) and all(line.can_be_ordered for line in self.lines)


def price(cart: Cart) -> PricedCart:
    products = {
        product.product_id: product
        for product in Product.objects.visible().filter(product_id__in=[i.product_id for i in cart.items])
    }
    return PricedCart([_line(item, products.get(item.product_id)) for item in cart.items])


def _line(item: CartItem, product: Product | None) -> PricedLine:
    return PricedLine(item.product_id, item.qty, item.seen_price, product)
