"""The e-mail and the address of an order."""

from dataclasses import dataclass

from accounts.addresses import services as addresses
from accounts.models import Address, User
from cart.models import Buyer, Guest, owner_key
from ecommerce.core.db import object_id
from orders.models import Order, OrderQuerySet


@dataclass(frozen=True)
class Contact:
    """The e-mail for an order and the address it is shipped to. An empty e-mail means the account's."""

    email: str = ""
    shipping_address: Address | None = None

    def differs_from(self, order: Order) -> bool:
        """Return whether the e-mail or the address is given and is not the order's."""
        if self.email and self.email != order.email:
            return True
        if self.shipping_address is None:
            return False
        return order.shipping_address is None or (
            self.shipping_address.as_dict() != order.shipping_address.as_dict()
        )


def known_contact(user: Buyer, *, address_id: str = "") -> dict[str, str]:
    """Return the e-mail and address that the checkout starts with, as fields of its form.

    The address is the saved one with this id, else the account's first one, else that of the latest order. A
    guest's orders are those that no account has claimed: the next visitor may have the same cookie.
    """
    latest = _own_orders(user).newest_first().first()
    email = latest.email if latest else getattr(user, "email", "")
    address = _saved_address(user, address_id) or (latest.shipping_address if latest else None)
    fields = address.as_dict() if address else {}
    return {"name": getattr(user, "name", ""), **fields, "email": email}


def _own_orders(user: Buyer) -> OrderQuerySet:
    placed = Order.objects.filter(owner=owner_key(user))
    return placed.filter(user=None) if isinstance(user, Guest) else placed


def _saved_address(user: Buyer, address_id: str) -> Address | None:
    if not isinstance(user, User):
        return None
    saved = addresses.list_addresses(user)
    chosen = saved.filter(pk=object_id(address_id)).first() or saved.first()
    return chosen.address if chosen else None
