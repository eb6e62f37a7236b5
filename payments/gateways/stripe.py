"""Stripe Checkout: customers pay on a page that Stripe hosts. Uses the official library."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import stripe
from django.conf import settings

from ecommerce.core import env
from ecommerce.core.risks import Settings
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

# A customer waits for at most two attempts, 20 s in all. The reconciler retries later.
TIMEOUT_S = 10
RETRIES = 1
SIGNATURE_MAX_AGE_S = 300
# Currencies whose smallest unit is not 1/100: https://docs.stripe.com/currencies#zero-decimal
ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())  # noqa: SIM905
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


CHECKOUT_ORIGIN = "https://checkout.stripe.com"


def _test_key(settings: Settings) -> str:
    is_test = settings["STRIPE_SECRET_KEY"].startswith(("sk_test_", "rk_test_"))
    return "STRIPE_SECRET_KEY is for tests: no money moves." if is_test else ""


def _foreign_checkout(settings: Settings) -> str:
    is_foreign = settings["STRIPE_CHECKOUT_ORIGIN"] != CHECKOUT_ORIGIN
    return "STRIPE_CHECKOUT_ORIGIN is not Stripe's." if is_foreign else ""


class Stripe(Gateway):
    holds_stock = True
    redacted_names = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    redacted_prefixes = ("sk_", "rk_", "whsec_")
    risks = {"stripe-test-key": _test_key, "foreign-checkout-origin": _foreign_checkout}

    def read_settings(self) -> dict[str, Any]:
        origin = env.text("STRIPE_CHECKOUT_ORIGIN", CHECKOUT_ORIGIN).rstrip("/")
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
        # Stripe returns the same session for the same key, provided that all parameters are the same: so
        # everything in them is stored with the payment.
        options: Any = {"idempotency_key": f"start:{payment.pk}"}
        with _stripe_errors():
            session = _client().v1.checkout.sessions.create(_session_params(payment), options)
        return Started(reference=session.id, redirect_url=_checked_url(session.url))

    def retrieve(self, payment: "Payment") -> ProviderState:
        with _stripe_errors():
            session = _client().v1.checkout.sessions.retrieve(
                payment.reference, {"expand": ["payment_intent"]}
            )
        return _state(session, payment)

    def close(self, payment: "Payment") -> ProviderState:
        # Stripe refuses to expire a session that is already complete or expired.
        with suppress(GatewayRefused), _stripe_errors():
            _client().v1.checkout.sessions.expire(payment.reference)
        return self.retrieve(payment)

    def refund(self, refund: "Refund") -> RefundState:
        with _stripe_errors():
            sent = _find_refund(refund) or _create_refund(refund)
        return REFUND_STATES.get(sent.status, RefundState.PENDING)

    def verify_webhook(self, body: bytes, headers: Mapping[str, str]) -> Event:
        event = json.loads(_signed_text(body, headers.get("Stripe-Signature", "")))
        subject = (event.get("data") or {}).get("object") or {}
        return Event(
            id=event["id"],
            payment=(subject.get("metadata") or {}).get("payment", ""),
            reference=subject["id"] if subject.get("object") == "checkout.session" else "",
        )


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount of money in the currency's smallest unit, as Stripe expects it."""
    return int(amount * _per_unit(currency))


def from_minor_units(amount: int, currency: str) -> Decimal:
    """Return an amount of money that Stripe states in the currency's smallest unit."""
    return Decimal(amount) / _per_unit(currency)


def _per_unit(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 1
    return 1000 if currency in THREE_DECIMAL else 100


@cache
def _client_for(key: str, base: str) -> stripe.StripeClient:
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
    return _client_for(_setting("STRIPE_SECRET_KEY"), _setting("STRIPE_API_BASE"))


def _session_params(payment: "Payment") -> Any:
    """Return the parameters of a checkout session.

    It has a single line with the order's total, so that Stripe adds up and rounds nothing. It takes cards and
    the wallets based on them only: their result is known while the customer waits and the stock is on hold.
    """
    metadata = {"payment": str(payment.pk), "order": payment.order.number}
    price = {
        "currency": payment.currency,
        "unit_amount": minor_units(payment.amount, payment.currency),
        "product_data": {"name": f"Order {payment.order.number}"},
    }
    return {
        "mode": "payment",
        "payment_method_types": ["card"],
        "client_reference_id": str(payment.pk),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": payment.return_url,
        "cancel_url": payment.cancel_url,
        "expires_at": int(payment.expires_at.timestamp()),
    }


def _state(session: Any, payment: "Payment") -> ProviderState:
    if session.client_reference_id != str(payment.pk):
        logger.error("Stripe's session %s does not belong to payment %s", session.id, payment.pk)
        raise GatewayRefused
    if session.payment_status == "paid":
        intent = session.payment_intent
        received = from_minor_units(intent.amount_received, intent.currency)
        return ProviderState(State.PAID, received, intent.currency, intent.id)
    return ProviderState(State.CLOSED if session.status == "expired" else State.OPEN)


def _find_refund(refund: "Refund") -> Any:
    """Return Stripe's refund for this attempt, or None.

    The idempotency key alone would not prevent a second refund: Stripe forgets keys after a day, and a refund
    may be retried later than that.
    """
    refunds = _client().v1.refunds.list({"payment_intent": refund.payment.charge, "limit": 100})
    for candidate in refunds.auto_paging_iter():
        if getattr(candidate.metadata, "refund", "") == refund.attempt_id:
            return candidate
    return None


def _create_refund(refund: "Refund") -> Any:
    return _client().v1.refunds.create(
        {
            "payment_intent": refund.payment.charge,
            "amount": minor_units(refund.amount, refund.currency),
            "metadata": {"refund": refund.attempt_id, "payment": str(refund.payment_id)},
        },
        {"idempotency_key": f"refund:{refund.attempt_id}"},
    )


def _checked_url(url: str | None) -> str:
    """Return the URL if it is on Stripe's checkout page: customers must not be redirected elsewhere."""
    if not url or not url.startswith(_setting("STRIPE_CHECKOUT_ORIGIN") + "/"):
        logger.error("Stripe returned a checkout page outside %s", _setting("STRIPE_CHECKOUT_ORIGIN"))
        raise GatewayUnavailable
    return url


def _signed_text(body: bytes, header: str) -> str:
    """Return the body if one of the secrets signed it, else raise BadWebhook. In a rotation there are two."""
    for secret in _setting("STRIPE_WEBHOOK_SECRETS"):
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, header, secret, SIGNATURE_MAX_AGE_S)
        except (stripe.SignatureVerificationError, ValueError, TypeError):
            continue
        return text
    raise BadWebhook


@contextmanager
def _stripe_errors() -> Iterator[None]:
    """Turn Stripe's errors into GatewayRefused or GatewayUnavailable.

    Only an error in the request itself is a refusal. After any other error (a wrong API key, a rate limit, an
    idempotency conflict, an outage) an earlier attempt may still have succeeded.
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
