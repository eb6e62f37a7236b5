"""Stripe's hosted Checkout page, through its official library."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import stripe
from django.conf import settings

from ecommerce.core import env
from payments.gateways.base import (
    BadWebhook,
    Event,
    Gateway,
    GatewayRefused,
    GatewayUnavailable,
    ProviderState,
    RefundState,
    Started,
    State,
)

if TYPE_CHECKING:
    from payments.models import Payment, Refund

logger = logging.getLogger("shop.payments")

# A customer waits for these: two attempts, 20 s at the worst. The reconciler has all the patience.
TIMEOUT_S = 10
RETRIES = 1
TOLERANCE_S = 300
# Currencies whose smallest unit is not a hundredth: https://docs.stripe.com/currencies#zero-decimal
ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())  # noqa: SIM905
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


class Stripe(Gateway):
    holds_stock = True
    redacted_names = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    redacted_pattern = r"\b(?:sk|rk|whsec)_\w+"

    def read_settings(self) -> dict[str, Any]:
        origin = env.text("STRIPE_CHECKOUT_ORIGIN", "https://checkout.stripe.com").rstrip("/")
        return {
            "STRIPE_SECRET_KEY": env.text("STRIPE_SECRET_KEY"),
            "STRIPE_WEBHOOK_SECRETS": env.names("STRIPE_WEBHOOK_SECRET"),
            "STRIPE_CHECKOUT_ORIGIN": origin,
            "STRIPE_API_BASE": env.text("STRIPE_API_BASE").rstrip("/"),  # for tests: a stand-in for Stripe
        }

    def setting_problems(
        self, values: Mapping[str, Any], *, selected: bool, production: bool
    ) -> Iterator[str]:
        if selected and not values["STRIPE_SECRET_KEY"]:
            yield "STRIPE_SECRET_KEY is missing."
        if selected and not values["STRIPE_WEBHOOK_SECRETS"]:
            yield "STRIPE_WEBHOOK_SECRET is missing."
        if selected and not values["STRIPE_CHECKOUT_ORIGIN"].startswith("https://"):
            yield "STRIPE_CHECKOUT_ORIGIN does not begin with https://."
        if production and values["STRIPE_API_BASE"]:
            yield "STRIPE_API_BASE is for tests."

    def checkout_origins(self) -> tuple[str, ...]:
        return (_setting("STRIPE_CHECKOUT_ORIGIN"),)

    def start(self, payment: "Payment") -> Started:
        """The payment's id is the idempotency key, and everything sent is stored with the payment."""
        with _answering():
            session = _client().v1.checkout.sessions.create(
                _checkout(payment), {"idempotency_key": f"start:{payment.pk}"}
            )
        return Started(reference=session.id, redirect_url=_own_page(session.url))

    def retrieve(self, payment: "Payment") -> ProviderState:
        with _answering():
            session = _client().v1.checkout.sessions.retrieve(
                payment.reference, {"expand": ["payment_intent"]}
            )
        return _state(session, payment)

    def close(self, payment: "Payment") -> ProviderState:
        """A session that is complete or expired cannot be expired; which of the two, it is asked."""
        try:
            with _answering():
                _client().v1.checkout.sessions.expire(payment.reference)
        except GatewayRefused:
            pass
        return self.retrieve(payment)

    def refund(self, refund: "Refund") -> RefundState:
        """Looks for it first: Stripe forgets idempotency keys after a day, a refund may wait longer."""
        intent = refund.payment.charge
        with _answering():
            made = _client().v1.refunds.list({"payment_intent": intent, "limit": 100})
            for each in made.auto_paging_iter():
                if getattr(each.metadata, "refund", "") == refund.attempt_id:
                    return _refund_state(each)
            created = _client().v1.refunds.create(
                {
                    "payment_intent": intent,
                    "amount": minor_units(refund.amount, refund.currency),
                    "metadata": {"refund": refund.attempt_id, "payment": str(refund.payment_id)},
                },
                {"idempotency_key": f"refund:{refund.attempt_id}"},
            )
        return _refund_state(created)

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        event = json.loads(_verified(body, headers.get("Stripe-Signature", "")))
        about = (event.get("data") or {}).get("object") or {}
        return Event(
            id=event["id"],
            payment=(about.get("metadata") or {}).get("payment", ""),
            reference=about["id"] if about.get("object") == "checkout.session" else "",
        )


def minor_units(amount: Decimal, currency: str) -> int:
    return int(amount * _per_unit(currency))


def from_minor_units(amount: int, currency: str) -> Decimal:
    return Decimal(amount) / _per_unit(currency)


def _per_unit(currency: str) -> int:
    return 1 if currency in ZERO_DECIMAL else 1000 if currency in THREE_DECIMAL else 100


@cache
def _client_of(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
        max_network_retries=RETRIES,
        base_addresses={"api": base} if base else {},
    )


def _setting(name: str) -> Any:
    """Return a setting of `Stripe.read_settings`."""
    return getattr(settings, name)


def _client() -> stripe.StripeClient:
    return _client_of(_setting("STRIPE_SECRET_KEY"), _setting("STRIPE_API_BASE"))


def _checkout(payment: "Payment") -> Any:
    """One line with the order's total, so that nothing is added up or rounded twice.

    Cards (and the wallets on them) only: they are decided while the customer waits and the stock is held.
    """
    about = {"payment": str(payment.pk), "order": payment.order.number}
    price = {
        "currency": payment.currency,
        "unit_amount": minor_units(payment.amount, payment.currency),
        "product_data": {"name": f"Order {payment.order.number}"},
    }
    return {
        "mode": "payment",
        "payment_method_types": ["card"],
        "client_reference_id": str(payment.pk),
        "metadata": about,
        "payment_intent_data": {"metadata": about},
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": payment.return_url,
        "cancel_url": payment.cancel_url,
        "expires_at": int(payment.expires_at.timestamp()),
    }


def _state(session: Any, payment: "Payment") -> ProviderState:
    if session.client_reference_id != str(payment.pk):
        logger.error("Stripe's session %s is not of payment %s", session.id, payment.pk)
        raise GatewayRefused
    if session.payment_status == "paid":
        intent = session.payment_intent
        received = from_minor_units(intent.amount_received, intent.currency)
        return ProviderState(State.PAID, received, intent.currency, intent.id)
    return ProviderState(State.CLOSED if session.status == "expired" else State.OPEN)


def _refund_state(refund: Any) -> RefundState:
    return REFUND_STATES.get(refund.status, RefundState.PENDING)


def _own_page(url: str | None) -> str:
    """Customers are sent to Stripe's page and nowhere else, whatever an answer says."""
    if not url or not url.startswith(_setting("STRIPE_CHECKOUT_ORIGIN") + "/"):
        logger.error("Stripe answered a page outside %s", _setting("STRIPE_CHECKOUT_ORIGIN"))
        raise GatewayUnavailable
    return url


def _verified(body: bytes, header: str) -> str:
    """The body, if one of the secrets signed it; during a rotation there are two."""
    for secret in _setting("STRIPE_WEBHOOK_SECRETS"):
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE_S)
        except (stripe.SignatureVerificationError, ValueError, TypeError):
            continue
        return text
    raise BadWebhook


@contextmanager
def _answering() -> Iterator[None]:
    """Only what Stripe finds wrong with the request itself is a definite no.

    A bad key, a limit, an idempotency conflict or a failure may follow an earlier attempt that worked.
    """
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        _log(error)
        raise GatewayRefused from error
    except stripe.StripeError as error:
        _log(error)
        raise GatewayUnavailable from error


def _log(error: stripe.StripeError) -> None:
    logger.warning("Stripe: %s code=%s request=%s", type(error).__name__, error.code, error.request_id)
