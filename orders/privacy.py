"""What orders hold about a person. Orders are kept, since the shop must account for them."""

from typing import Any

from accounts.models import User
from accounts.privacy import personal_data
from ecommerce.core import audit
from orders.models import Order


def export(user: User) -> list[dict[str, Any]]:
    return [order.as_dict() for order in Order.objects.of(user).newest_first()]


def erase(user: User) -> None:
    """Nothing in an order leads to the person any more; a client may have written anything into its key."""
    audit.forget_guests(Order, Order.objects.of(user).values_list("pk", flat=True))
    Order.objects.of(user).update(email="", shipping_address=None, idempotency_key=None)


personal_data.register("orders", export=export, erase=erase)
