"""Webhook events of payment providers.

An event only triggers a lookup at the provider, so the order of events and repeated events do not matter.
"""

from collections.abc import Mapping
from contextlib import suppress

from bson import ObjectId
from django.db import IntegrityError

from ecommerce.core.db import object_id
from ecommerce.core.errors import NotFound
from payments import provider_sync, refunds
from payments.gateways import GATEWAYS, gateway
from payments.gateways.base import Event
from payments.models import Payment, Refund, WebhookEvent

MAX_BYTES = 64 * 1024


class UnknownGateway(NotFound):
    message = "There is no such gateway."


def receive(*, name: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Process a webhook request to the gateway `name`; an event of another shop's payment is ignored.

    Raise UnknownGateway or BadWebhook, or GatewayUnavailable if the provider should send the event again.
    """
    if name not in GATEWAYS:
        raise UnknownGateway
    event = gateway(name).verify_webhook(body, headers)
    payment = Payment.objects.filter(pk=object_id(event.payment), gateway=name).first()
    if payment is None or WebhookEvent.objects.filter(gateway=name, event=event.id).exists():
        return
    _process(payment, event)
    # Stored last: after a crash in between, the event is processed again, which has no further effect.
    with suppress(IntegrityError):  # a concurrent request processed the same event
        WebhookEvent.objects.create(pk=ObjectId(), gateway=name, event=event.id)


def _process(payment: Payment, event: Event) -> None:
    if event.reference and not payment.reference:  # the response to start was lost
        Payment.objects.filter(pk=payment.pk, reference="").update(reference=event.reference)
        payment = Payment.objects.get(pk=payment.pk)
    provider_sync.refresh(payment)
    for refund in Refund.objects.outstanding().filter(payment=payment.pk, status=Refund.Status.REFUNDING):
        refunds.send(refund)
