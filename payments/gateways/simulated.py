"""A provider that moves no money: the customer chooses the outcome on a test page of the shop."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecommerce.core import env
from payments.gateways.base import BadWebhook, Event, Gateway, ProviderState, RefundState, Started, State

if TYPE_CHECKING:
    from payments.models import Payment, Refund


class Simulated(Gateway):
    holds_stock = False  # as specified: `payments.services.confirm` takes the stock or fails the order

    def read_settings(self) -> dict[str, Any]:
        return {"ALLOW_SIMULATED_PAYMENTS": env.flag("ALLOW_SIMULATED_PAYMENTS", default=False)}

    def setting_problems(
        self, values: Mapping[str, Any], *, selected: bool, production: bool
    ) -> Iterator[str]:
        if selected and production and not values["ALLOW_SIMULATED_PAYMENTS"]:
            yield "PAYMENT_PROVIDER is simulated (ALLOW_SIMULATED_PAYMENTS=true permits it)."

    def start(self, payment: "Payment") -> Started:
        from orders.access.tokens import page_of  # imports models

        return Started(reference=str(payment.pk), redirect_url=page_of(payment.order, "payments:pay"))

    def retrieve(self, payment: "Payment") -> ProviderState:
        return ProviderState(State.OPEN)

    def close(self, payment: "Payment") -> ProviderState:
        return ProviderState(State.CLOSED)

    def refund(self, refund: "Refund") -> RefundState:
        return RefundState.DONE

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        raise BadWebhook
