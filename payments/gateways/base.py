"""The interface between the shop and a payment provider."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop

from ecommerce.core.errors import DomainError
from ecommerce.core.risks import Risk

if TYPE_CHECKING:
    from payments.models import Payment, Refund


class GatewayUnavailable(DomainError):
    """The provider did not give a definite answer. It may have done the work, so the call is retried."""

    message = gettext_noop("The payment provider does not answer. Please try again in a moment.")
    code, status_code = "gateway_unavailable", 503


class GatewayRefused(DomainError):
    """The provider refused: it did nothing, and a retry would be refused too."""

    message = gettext_noop("The payment provider refused this.")
    code, status_code = "gateway_refused", 502


class BadWebhook(DomainError):
    message, code = "The signature is not valid.", "bad_signature"


class State(Enum):
    OPEN = "open"  # the customer can still pay
    PAID = "paid"
    CLOSED = "closed"  # not paid, and it can no longer be paid
    REFUSED = "refused"  # like CLOSED, because the provider refused to start it


@dataclass(frozen=True)
class ProviderState:
    """The state of a payment at the provider; amount, currency and charge are set only if it is PAID."""

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
    """A payment session at the provider: its reference, and the page where the customer pays."""

    reference: str
    redirect_url: str


@dataclass(frozen=True)
class Event:
    """A webhook event with a valid signature: its id and the payment to look up. Amounts are ignored."""

    id: str
    payment: str = ""
    reference: str = ""


class Gateway(ABC):
    """A payment provider.

    Every call is idempotent: repeating it for the same payment or refund has one effect at the provider. No
    method is called inside a transaction. Methods that call the provider raise GatewayUnavailable or
    GatewayRefused.
    """

    holds_stock: bool  # whether stock is put on hold while the customer pays
    redacted_names: tuple[str, ...] = ()  # environment variables whose values must not appear in the log
    redacted_prefixes: tuple[str, ...] = ()  # with which its secrets begin, such as "sk_"
    risks: Mapping[str, Risk] = {}  # what production refuses of its settings unless ALLOW_INSECURE names it

    def read_settings(self) -> dict[str, Any]:
        """Return the Django settings of this gateway, read from the environment."""
        return {}

    def setting_problems(
        self, values: Mapping[str, Any], *, selected: bool, production: bool
    ) -> Iterator[str]:
        """Yield a sentence for each reason not to start the shop with these settings.

        `selected` tells whether PAYMENT_PROVIDER names this gateway.
        """
        yield from ()

    def checkout_origins(self) -> tuple[str, ...]:
        """Return the origins of the provider's payment pages, to which the shop's forms may redirect."""
        return ()

    @abstractmethod
    def start(self, payment: "Payment") -> Started:
        """Create the session in which the customer pays, or return the one that exists.

        After GatewayRefused there is no session.
        """

    @abstractmethod
    def retrieve(self, payment: "Payment") -> ProviderState:
        """Return the state of the payment."""

    @abstractmethod
    def close(self, payment: "Payment") -> ProviderState:
        """Make sure that an unpaid payment can no longer be paid, and return its state afterwards."""

    @abstractmethod
    def refund(self, refund: "Refund") -> RefundState:
        """Refund the money, or return the state of a refund that was already sent."""

    @abstractmethod
    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Return the event in a webhook request. Raise BadWebhook unless the provider signed it."""
