"""What the shop asks of a payment provider. Nothing here is called inside a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol

from django.utils.translation import gettext_noop

from ecommerce.core.errors import DomainError
from payments.models import Payment, Refund


class GatewayUnavailable(DomainError):
    """No answer, or none that decides anything: the work may have been done. Ask again."""

    message = gettext_noop("The payment provider does not answer. Please try again in a moment.")
    code, status_code = "gateway_unavailable", 503


class GatewayRefused(DomainError):
    """A definite no: the provider did nothing and will not."""

    message = gettext_noop("The payment provider refused this.")
    code, status_code = "gateway_refused", 502


class BadWebhook(DomainError):
    message, code = "The signature is not valid.", "bad_signature"


class State(Enum):
    OPEN = "open"  # may still be paid
    PAID = "paid"
    CLOSED = "closed"  # not paid, and can never be paid any more
    REFUSED = "refused"  # the same, because the provider would not have it


@dataclass(frozen=True)
class ProviderState:
    """What the provider says of a payment; money only where it is PAID."""

    status: State
    amount: Decimal = Decimal(0)
    currency: str = ""
    charge: str = ""


class RefundState(Enum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Started:
    reference: str
    redirect_url: str


@dataclass(frozen=True)
class Event:
    """A genuine event: its id, and which payment to ask about. What it says of money is not read."""

    id: str
    payment: str = ""
    reference: str = ""


class Gateway(Protocol):
    """All of it may be repeated: the same payment or refund has one effect at the provider.

    Each raises GatewayUnavailable or GatewayRefused.
    """

    holds_stock: bool

    def start(self, payment: Payment) -> Started:
        """Where the customer pays; asked again it answers the same. GatewayRefused: there is nothing."""

    def retrieve(self, payment: Payment) -> ProviderState: ...

    def close(self, payment: Payment) -> ProviderState:
        """Make sure that it cannot be paid any more, unless it has been; the state after that."""

    def refund(self, refund: Refund) -> RefundState: ...

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Raises BadWebhook for anything that the provider did not sign."""
