"""The personal data in orders. The orders themselves are kept, because the shop must account for them."""

from typing import Any

from accounts.models import User
from accounts.privacy import personal_data
from ecommerce.core import audit
from orders.models import Order


def export(user: User) -> list[dict[str, Any]]:
    return [order.as_dict() for order in Order.objects.of(user).newest_first()]


def erase(user: User) -> None:
    """Remove from the orders what identifies the person, also the key, which clients choose freely."""
    audit.forget_guests(Order, Order.objects.of(user).values_list("pk", flat=True))
    Order.objects.of(user).update(email="", shipping_address=None, idempotency_key=None)


personal_data.register("orders", export=export, erase=erase)
