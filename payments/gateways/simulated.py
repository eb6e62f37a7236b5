"""No money moves: whoever pays chooses on the test page how it ends (`payments.services.confirm`)."""

from collections.abc import Mapping

from orders.access.tokens import page_of
from payments.gateways.base import BadWebhook, Event, ProviderState, RefundState, Started, State
from payments.models import Payment, Refund


class Simulated:
    holds_stock = False  # as specified: confirm takes the stock or fails the order

    def start(self, payment: Payment) -> Started:
        return Started(reference=str(payment.pk), redirect_url=page_of(payment.order, "payments:pay"))

    def retrieve(self, payment: Payment) -> ProviderState:
        return ProviderState(State.OPEN)

    def close(self, payment: Payment) -> ProviderState:
        return ProviderState(State.CLOSED)

    def refund(self, refund: Refund) -> RefundState:
        return RefundState.DONE

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        raise BadWebhook
