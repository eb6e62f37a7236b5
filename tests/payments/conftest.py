"""A shop whose payments go through Stripe's library to a stand-in of Stripe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from payments.gateways import stripe as stripe_gateway
from tests.payments import stripe_standin
from tests.payments.stripe_standin import Standin


@pytest.fixture
def stripe(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """The stand-in, and the shop configured for it. The library does not retry, so that each fault shows."""
    standin = Standin(tmp_path / "ledger")
    monkeypatch.setattr(stripe_gateway, "RETRIES", 0)
    with stripe_standin.serving(standin) as address:
        use(settings, address)
        yield standin
        forget_clients()


def use(settings: Any, address: str) -> None:
    settings.PAYMENT_PROVIDER = "stripe"
    settings.STRIPE_SECRET_KEY = stripe_standin.KEY
    settings.STRIPE_WEBHOOK_SECRETS = [stripe_standin.SECRET]
    settings.STRIPE_API_BASE = address


def forget_clients() -> None:
    """Close the library's connections, which otherwise live as long as the process."""
    client = stripe_gateway._client()
    client._requestor._client.close()
    stripe_gateway._client_of.cache_clear()
