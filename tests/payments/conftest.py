"""Fixtures of a shop whose payments go through Stripe's library to a stand-in for Stripe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from orders.models import Order
from payments.gateways import stripe as stripe_gateway
from payments.models import Payment
from payments.start import start_payment
from tests.payments import stripe_standin
from tests.payments.stripe_standin import Standin


@pytest.fixture
def stripe(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """Configure the shop for the stand-in. The library does not retry, so that every fault has an effect."""
    standin = Standin(tmp_path / "ledger")
    monkeypatch.setattr(stripe_gateway, "RETRIES", 0)
    with stripe_standin.serving(standin) as address:
        use_standin(settings, address)
        yield standin
        close_client()


@pytest.fixture
def payment(stripe: Standin, order: Order) -> Payment:
    """A payment at Stripe that was started for the test's order."""
    return start_payment(order)[0]


def use_standin(settings: Any, address: str) -> None:
    """Configure Stripe with the keys of the stand-in at this address."""
    settings.PAYMENT_PROVIDER = "stripe"
    settings.STRIPE_SECRET_KEY = stripe_standin.KEY
    settings.STRIPE_WEBHOOK_SECRETS = [stripe_standin.SECRET]
    settings.STRIPE_API_BASE = address


def close_client() -> None:
    """Close the connections of Stripe's library, which would otherwise stay open until the process ends."""
    client = stripe_gateway._client()
    client._requestor._client.close()
    stripe_gateway._client_for.cache_clear()
