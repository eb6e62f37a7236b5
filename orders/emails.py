"""The mails about orders: queued in the transaction of the change, and written when they are sent."""

from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ecommerce.core import mail
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import enqueue, handler
from ecommerce.core.outbox.mail_budget import spend
from orders.access.tokens import page_of
from orders.models import Order

SUBJECTS = {
    "order_confirmed": _("Thank you. Your order %(number)s is confirmed"),
    "payment_failed": _("Your payment for order %(number)s did not go through"),
    "order_shipped": _("Your order %(number)s is on its way"),
    "order_refunded": _("Your refund for order %(number)s"),
}


def queue_confirmed(order: Order) -> None:
    """Queue the mail that the order is paid. All of these join a transaction; a repeat queues nothing."""
    _queue("order_confirmed", order, event=order.pk)


def queue_failed(order: Order) -> None:
    """Queue the mail that the payment failed, within the mailbox's budget: it needs no payment."""
    if not spend("payment_failed", order.email):
        _queue("payment_failed", order, event=order.pk)


def queue_shipped(
    order: Order, *, shipment: object, carrier: str, tracking_number: str, tracking_url: str = ""
) -> None:
    """Queue the mail that the order is shipped, once per `shipment`, which is an id."""
    facts = {"carrier": carrier, "tracking": tracking_number, "tracking_url": tracking_url}
    _queue("order_shipped", order, event=shipment, **facts)


def queue_refunded(order: Order, *, refund: object, amount: Decimal) -> None:
    """Queue the mail that this amount was refunded, once per `refund`, which is the refund's id."""
    _queue("order_refunded", order, event=refund, amount=str(amount))


def _queue(kind: str, order: Order, *, event: object, **facts: str) -> None:
    enqueue(kind=kind, key=f"{kind}:{event}", payload={"order": str(order.pk), **facts})


def _deliver(message: OutboxMessage) -> None:
    order = Order.objects.get(pk=message.payload["order"])
    if not order.email:
        return  # erased with the account
    with translation.override(order.language):
        mail.send(
            to=order.email,
            subject=SUBJECTS[message.kind] % {"number": order.number},
            template=message.kind,
            context={**message.payload, "order": order, "order_url": page_of(order)},
            key=message.pk,
        )


for kind in SUBJECTS:
    handler(kind)(_deliver)
