"""A provider's events: each is only a reason to ask the provider, so order and repeats do not matter."""

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

LIMIT = 64 * 1024


class UnknownGateway(NotFound):
    message = "There is no such gateway."


def receive(*, name: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises UnknownGateway, BadWebhook, and GatewayUnavailable where the event should be sent again.

    Its id is stored after its effect: a crash between the two repeats the effect, which changes nothing.
    """
    if name not in GATEWAYS:
        raise UnknownGateway
    event = gateway(name).verify_webhook(body, headers)
    payment = Payment.objects.filter(pk=object_id(event.payment), gateway=name).first()
    if payment is None or WebhookEvent.objects.filter(gateway=name, event=event.id).exists():
        return
    _act(payment, event)
    with suppress(IntegrityError):  # the same event came twice at once; both found out the same
        WebhookEvent.objects.create(pk=ObjectId(), gateway=name, event=event.id)


def _act(payment: Payment, event: Event) -> None:
    if event.reference and not payment.reference:
        Payment.objects.filter(pk=payment.pk, reference="").update(reference=event.reference)
        payment = Payment.objects.get(pk=payment.pk)
    provider_sync.refresh(payment)
    for refund in Refund.objects.outstanding().filter(payment=payment.pk, status=Refund.Status.REFUNDING):
        refunds.send(refund)
