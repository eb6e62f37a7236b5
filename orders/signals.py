"""Signing in, on a page or in the API, claims the orders that were placed as a guest."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from cart.session import guest_of
from orders import services
from orders.access import session, tokens
from orders.models import OrderHolder


@receiver(user_logged_in)
def claim_orders(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    if request is not None:
        services.claim_orders(user=user, guest=guest_of(request), held=_held_orders(request))


def _held_orders(request: HttpRequest) -> list[OrderHolder]:
    """Return the order tokens of the session and of the header."""
    holders = session.holders(request) if hasattr(request, "session") else []
    sent = tokens.holder_of(request.headers.get(tokens.HEADER, ""))
    if sent:
        holders.append(sent)
    return holders
