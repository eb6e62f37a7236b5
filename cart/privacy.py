"""The personal data in carts."""

from typing import Any

from accounts.models import User
from accounts.privacy import personal_data
from cart import cache
from cart.models import Cart, owner_key


def export(user: User) -> list[dict[str, Any]]:
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    if cart is None:
        return []
    return [{"product_id": item.product_id, "qty": item.qty} for item in cart.items]


def erase(user: User) -> None:
    Cart.objects.filter(owner=owner_key(user)).delete()
    cache.cart_changed(owner_key(user))


personal_data.register("cart", export=export, erase=erase)
