"""Rows for tests, made by the shop's own services."""

from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import User
from accounts.users.services import create_user
from cart.services import add_item
from catalog.models import Product
from catalog.services import create_product
from orders.models import Order
from orders.services import place_order

PASSWORD = "SecurePass123"
_numbers = count(1)


def user(email: str | None = None, **fields: Any) -> User:
    """Without the mail that asks to confirm the e-mail."""
    return create_user(email=email or f"user{next(_numbers)}@example.com", password=PASSWORD, **fields)


def product(**fields: Any) -> Product:
    number = next(_numbers)
    given = {"name": f"Product {number}", "slug": f"product-{number}", "price": Decimal("79.99")}
    return create_product(**{**given, "inventory": 10, **fields})


def order(buyer: User, *lines: tuple[Product, int], **options: Any) -> Order:
    """A pending order of these products and quantities."""
    for wanted, qty in lines:
        add_item(user=buyer, product_id=wanted.product_id, qty=qty)
    return place_order(user=buyer, **options).order
