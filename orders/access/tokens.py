"""Tokens that give access to one order without an account: a header of the API, a link in mails."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from ecommerce.core.db import object_id
from orders.models import Order, OrderHolder

HEADER = "X-Order-Token"
_signer = Signer(salt="orders.order")


def order_token(order: Order) -> str:
    """Return the token that gives access to this order."""
    return _signer.sign(str(order.pk))


def page_of(order: Order, name: str = "orders:detail") -> str:
    """Return the full address of a page of this order, with the token if it is a guest's order."""
    page = settings.PUBLIC_URL + reverse(name, args=[order.number])
    return page if order.user_id else f"{page}?token={order_token(order)}"


def holder_of(token: str) -> OrderHolder | None:
    """Return the holder of a token, or None if this shop did not sign it."""
    try:
        pk = object_id(_signer.unsign(token))
    except BadSignature:
        return None
    return OrderHolder(pk) if pk else None
