"""A complete payment gateway whose provider lives in memory. `test_new_gateway.py` adds it to the shop."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings

from ecommerce.core import env
from payments.gateways.base import BadWebhook, Event, Gateway, ProviderState, RefundState, Started, State

if TYPE_CHECKING:
    from payments.models import Payment, Refund

ORIGIN = "https://pay.toy.example"


class Toy(Gateway):
    holds_stock = True
    redacted_names = ("TOY_API_KEY",)
    redacted_prefixes = ("toy_live_",)

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.refunds: dict[str, int] = {}

    def read_settings(self) -> dict[str, Any]:
        return {"TOY_API_KEY": env.text("TOY_API_KEY")}

    def setting_problems(
        self, values: Mapping[str, Any], *, selected: bool, production: bool
    ) -> Iterator[str]:
        if selected and not values["TOY_API_KEY"]:
            yield "TOY_API_KEY is missing."

    def checkout_origins(self) -> tuple[str, ...]:
        return (ORIGIN,)

    def start(self, payment: "Payment") -> Started:
        reference = str(payment.pk)
        self.states.setdefault(reference, State.OPEN)
        return Started(reference=reference, redirect_url=f"{ORIGIN}/{reference}")

    def retrieve(self, payment: "Payment") -> ProviderState:
        state = self.states[payment.reference]
        if state is not State.PAID:
            return ProviderState(state)
        return ProviderState(state, payment.amount, payment.currency, f"charge-{payment.reference}")

    def close(self, payment: "Payment") -> ProviderState:
        if self.states[payment.reference] is State.OPEN:
            self.states[payment.reference] = State.CLOSED
        return self.retrieve(payment)

    def refund(self, refund: "Refund") -> RefundState:
        self.refunds[refund.attempt_id] = int(refund.amount * 100)
        return RefundState.DONE

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        if headers.get("X-Toy-Key") != settings.TOY_API_KEY:
            raise BadWebhook
        payment = json.loads(body)["payment"]
        return Event(id=f"paid-{payment}", payment=payment)
