"""The negative control of forged and replayed webhooks: code that checks no signature and stores no event."""

import pytest

from catalog.models import Product
from ecommerce.core.db import object_id
from payments import webhooks
from payments.gateways import gateway
from payments.gateways import stripe as stripe_gateway
from payments.models import Payment
from tests.faults.test_naive_settling import write_naively
from tests.payments import conftest as payments
from tests.payments.test_webhooks import FORGERIES, event, one_effect_of, order, payment, refuses

__all__ = ["event", "order", "payment"]  # fixtures
pytestmark = pytest.mark.django_db
stripe = payments.stripe  # a fixture
# Refused for other reasons than the signature.
UNREADABLE = {"no body", "a truncated body", "a body that is no text", "a huge body"}


@pytest.mark.proof("forged webhooks")
@pytest.mark.control("naive code breaks it")
@pytest.mark.parametrize("forgery", sorted(FORGERIES.keys() - UNREADABLE))
def test_without_a_check_a_forgery_is_accepted(api, stripe, order, payment, event, forgery, monkeypatch):
    monkeypatch.setattr(stripe_gateway, "_verified", lambda body, header: body.decode())
    with pytest.raises(AssertionError):
        refuses(forgery, api, stripe, order, payment, event)


def receive_naively(*, name, body, headers):
    payment = Payment.objects.get(pk=object_id(gateway(name).verify_webhook(body, headers).payment))
    write_naively(payment, payment.order, Product.objects.get())


@pytest.mark.proof("replayed webhooks")
@pytest.mark.control("naive code keeps it once")
def test_naive_code_is_correct_for_one_delivery(api, order, event, product, monkeypatch, counted, fsck):
    monkeypatch.setattr(webhooks, "receive", receive_naively)
    one_effect_of(1, api, order, event, product, counted)
    fsck()


@pytest.mark.proof("replayed webhooks")
@pytest.mark.control("naive code breaks it")
def test_replays_sell_again_when_events_are_not_stored(api, order, event, product, monkeypatch, counted):
    monkeypatch.setattr(webhooks, "receive", receive_naively)
    with pytest.raises(AssertionError):
        one_effect_of(3, api, order, event, product, counted)
