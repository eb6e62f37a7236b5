import runpy
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from payments.gateways import GATEWAYS, gateway
from payments.gateways import stripe as stripe_gateway
from payments.gateways.base import BadWebhook, Gateway, GatewayUnavailable
from payments.models import Payment
from payments.start import start_payment
from tests.payments.helpers import status
from tests.support import factories


@pytest.mark.parametrize("name", GATEWAYS)
def test_every_gateway_implements_the_interface(name):
    assert {"start", "retrieve", "close", "refund", "verify_webhook"} == Gateway.__abstractmethods__
    assert isinstance(gateway(name), Gateway)
    assert isinstance(gateway(name).holds_stock, bool)


def test_the_simulated_gateway_accepts_no_webhook():
    with pytest.raises(BadWebhook):
        gateway("simulated").verify_webhook(b"{}", {})


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("0.01", "usd", 1), ("2499.99", "eur", 249999), ("1200.00", "jpy", 1200), ("1.20", "kwd", 1200)],
)
def test_amounts_are_converted_to_the_smallest_unit_of_the_currency(amount, currency, units):
    assert stripe_gateway.minor_units(Decimal(amount), currency) == units
    assert stripe_gateway.from_minor_units(units, currency) == Decimal(amount)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        None,
        "http://checkout.stripe.com/c/pay/x",
        "https://checkout.stripe.com.evil.example/x",
        "https://evil.example/",
        "javascript:alert(1)",
        "//checkout.stripe.com/x",
    ],
)
def test_a_checkout_page_outside_the_providers_origin_is_refused(stripe, customer, product, url, monkeypatch):
    create = stripe._create_session

    def with_other_url(params):
        session, objects = create(params)
        session["url"] = url
        return session, objects

    monkeypatch.setattr(stripe, "_create_session", with_other_url)
    with pytest.raises(GatewayUnavailable):
        start_payment(factories.order(customer, (product, 1)))
    assert Payment.objects.get().redirect_url == ""


@pytest.mark.django_db
def test_the_library_retries_a_request_once(stripe, customer, product, monkeypatch):
    monkeypatch.setattr(stripe_gateway, "RETRIES", 1)
    stripe_gateway._client_for.cache_clear()
    stripe.lose = ["POST /v1/checkout/sessions"]
    payment, _ = start_payment(factories.order(customer, (product, 1)))
    assert status(payment) == "initiated"
    assert stripe.session_of(payment.pk)["url"] == payment.redirect_url


STRIPE = {
    "STRIPE_SECRET_KEY": "sk",
    "STRIPE_WEBHOOK_SECRETS": ["whsec"],
    "STRIPE_CHECKOUT_ORIGIN": "https://checkout.stripe.com",
    "STRIPE_API_BASE": "",
}


def problems(production=False, selected=True, **values):
    """Return the problems of Stripe's settings with these changes."""
    values = STRIPE | values
    return list(gateway("stripe").setting_problems(values, selected=selected, production=production))


@pytest.mark.parametrize("production", [False, True])
class TestStripeSettings:
    def test_complete_settings_are_accepted(self, production):
        assert problems(production) == []

    def test_a_missing_key_is_refused_by_name(self, production):
        assert problems(production, STRIPE_SECRET_KEY="") == ["STRIPE_SECRET_KEY is missing."]

    def test_a_missing_webhook_secret_is_refused_by_name(self, production):
        assert problems(production, STRIPE_WEBHOOK_SECRETS=[]) == ["STRIPE_WEBHOOK_SECRET is missing."]

    def test_a_checkout_page_without_https_is_refused(self, production):
        expected = ["STRIPE_CHECKOUT_ORIGIN does not begin with https://."]
        assert problems(production, STRIPE_CHECKOUT_ORIGIN="http://checkout.stripe.com") == expected

    def test_missing_settings_are_accepted_while_another_provider_is_selected(self, production):
        missing = {"STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRETS": [], "STRIPE_CHECKOUT_ORIGIN": ""}
        assert problems(production, selected=False, **missing) == []


@pytest.mark.parametrize("selected", [False, True])
def test_only_production_refuses_the_address_of_a_stand_in(selected):
    base = {"STRIPE_API_BASE": "http://localhost:9", "selected": selected}
    assert problems(production=True, **base) == ["STRIPE_API_BASE is for tests."]
    assert problems(production=False, **base) == []


def test_an_unknown_provider_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("PAYMENT_PROVIDER", "paypol")
    providers = ", ".join(sorted({"none", *GATEWAYS}))
    with pytest.raises(ImproperlyConfigured, match=f"must be one of: {providers}"):
        runpy.run_path("ecommerce/settings/payments.py")
