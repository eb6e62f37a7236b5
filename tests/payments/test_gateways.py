import runpy
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from ecommerce.settings import production
from payments.gateways import GATEWAYS, gateway
from payments.gateways import stripe as stripe_gateway
from payments.gateways.base import BadWebhook, Gateway, GatewayUnavailable
from payments.models import Payment
from payments.start import start_payment
from tests.payments.shop import status
from tests.support import factories


@pytest.mark.parametrize("name", GATEWAYS)
def test_every_gateway_has_what_the_shop_asks_of_one(name):
    wanted = [verb for verb in vars(Gateway) if not verb.startswith("_")]
    assert {"start", "retrieve", "close", "refund", "verify_webhook"} <= set(wanted)
    assert all(callable(getattr(gateway(name), verb)) for verb in wanted)
    assert isinstance(gateway(name).holds_stock, bool)


def test_the_simulated_one_has_no_webhooks():
    with pytest.raises(BadWebhook):
        gateway("simulated").verify_webhook(b"{}", {})


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("0.01", "usd", 1), ("2499.99", "eur", 249999), ("1200.00", "jpy", 1200), ("1.20", "kwd", 1200)],
)
def test_amounts_are_told_in_the_currencys_smallest_unit(amount, currency, units):
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
def test_customers_are_sent_to_no_page_but_the_providers(stripe, customer, product, url, monkeypatch):
    create = stripe._create_session

    def elsewhere(params):
        session, objects = create(params)
        session["url"] = url
        return session, objects

    monkeypatch.setattr(stripe, "_create_session", elsewhere)
    with pytest.raises(GatewayUnavailable):
        start_payment(order=factories.order(customer, (product, 1)))
    assert Payment.objects.get().redirect_url == ""


@pytest.mark.django_db
def test_the_library_retries_once_by_itself(stripe, customer, product, monkeypatch):
    monkeypatch.setattr(stripe_gateway, "RETRIES", 1)
    stripe_gateway._client_of.cache_clear()
    stripe.lose = ["POST /v1/checkout/sessions"]
    payment, _ = start_payment(order=factories.order(customer, (product, 1)))
    assert status(payment) == "initiated"
    assert stripe.session_of(payment.pk)["url"] == payment.redirect_url


KEYS = {"STRIPE_SECRET_KEY": "sk", "STRIPE_WEBHOOK_SECRET": "whsec"}


@pytest.mark.parametrize("missing", KEYS)
def test_stripe_is_refused_without_its_keys(missing):
    problems = production.payment_problems(
        payment_provider="stripe",
        stripe_keys=KEYS | {missing: ""},
        stripe_checkout_origin="https://checkout.stripe.com",
    )
    assert list(problems) == [f"{missing} is missing."]


def test_a_checkout_without_https_is_refused():
    problems = production.payment_problems(
        payment_provider="stripe", stripe_keys=KEYS, stripe_checkout_origin="http://checkout.stripe.com"
    )
    assert list(problems) == ["STRIPE_CHECKOUT_ORIGIN does not begin with https://."]


def test_without_stripe_its_keys_are_not_missed():
    nothing = {"stripe_keys": {"STRIPE_SECRET_KEY": ""}, "stripe_checkout_origin": ""}
    assert not list(production.payment_problems(payment_provider="simulated", **nothing))


def test_an_unknown_provider_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("PAYMENT_PROVIDER", "paypol")
    with pytest.raises(ImproperlyConfigured, match="must be one of: none, simulated, stripe"):
        runpy.run_path("ecommerce/settings/shop.py")
