"""The open payments of a payer, which is a buyer or the network of the caller's address."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from cart.models import owner_of_user
from ecommerce.core.db import collection
from ecommerce.core.errors import DomainError
from ecommerce.core.web.http import caller_ip, network_of
from orders.models import Order
from payments.models import Payer, Payment


class TooManyOpenPayments(DomainError):
    message = gettext_noop(
        "Too many payments are open. Please finish one, cancel its order, or try again in half an hour."
    )
    code, status_code = "too_many_open_payments", 409


@dataclass(frozen=True)
class Payers:
    """Who starts a payment. The network is empty outside of a request."""

    buyer: str
    network: str

    @classmethod
    def of(cls, order: Order) -> "Payers":
        buyer = owner_of_user(order.user_id) if order.user_id else order.owner
        return cls(buyer, network_of(caller_ip.get() or ""))

    @property
    def limits(self) -> dict[str, tuple[str, int]]:
        """Return each field of a payment with its value and the number of open payments it may have."""
        limits = {"buyer": (self.buyer, settings.OPEN_PAYMENTS_PER_BUYER)}
        if self.network:
            limits["network"] = (self.network, settings.OPEN_PAYMENTS_PER_NETWORK)
        return limits


def of_each(payers: Payers) -> list[list[Payment]]:
    """Return the open payments of each payer, inside the transaction that adds one.

    Counting alone would not be exact, since two transactions may count at the same time. So each first
    writes the payer's row: the second conflicts with the first, and counts again after it. Raise
    TooManyOpenPayments.
    """
    return [_open_payments(field, value, most) for field, (value, most) in payers.limits.items()]


def _open_payments(field: str, value: str, most: int) -> list[Payment]:
    _write_row(f"{field}:{value}")
    found = list(Payment.objects.filter(**{field: value})[:most])
    if len(found) >= most:
        raise TooManyOpenPayments
    return found


def _write_row(key: str) -> None:
    # Without a counter, two writes within a millisecond would change nothing, and not conflict.
    change: dict[str, Any] = {"$inc": {"starts": 1}, "$set": {"last_start": timezone.now()}}
    collection(Payer).update_one({"_id": key}, change, upsert=True)
