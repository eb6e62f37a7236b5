"""What opens one order without an account: in the API as `X-Order-Token`, in mails as a signed link."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from ecommerce.core.db import object_id
from orders.models import Order, OrderHolder

HEADER = "X-Order-Token"
_signer = Signer(salt="orders.order")


def order_token(order: Order) -> str:
    return _signer.sign(str(order.pk))


def page_of(order: Order, name: str = "orders:detail") -> str:
    """The full address of a page of this order; a guest's has its token, whoever has an account signs in."""
    page = settings.PUBLIC_URL + reverse(name, args=[order.number])
    return page if order.user_id else f"{page}?token={order_token(order)}"


def holder_of(token: str) -> OrderHolder | None:
    """None for a token that this shop did not make."""
    try:
        pk = object_id(_signer.unsign(token))
    except BadSignature:
        return None
    return OrderHolder(pk) if pk else None
