"""What has to happen sooner or later, whoever died on the way. Each may run at any time, or twice."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from ecommerce.core.errors import DomainError
from payments import provider_sync, refunds
from payments.models import Payment, Refund, WebhookEvent

logger = logging.getLogger("shop.payments")

ASK_AFTER = timedelta(minutes=5)  # webhooks bring the news earlier; this is for those that got lost
EVENTS_KEPT = timedelta(days=30)  # Stripe repeats an event for three days
BATCH = 200
RUN_S = 20.0  # a silent provider costs 20 s a call; what is left comes with the next pass


def reconcile(*, older_than: timedelta = ASK_AFTER) -> None:
    """Ask about payments that nobody has settled, and send the refunds that are due."""
    now = timezone.now()
    _each(Payment.objects.unsettled().not_asked_since(now - older_than)[:BATCH], _refresh)
    _each(Refund.objects.outstanding()[:BATCH], refunds.send)
    WebhookEvent.objects.filter(created_at__lt=now - EVENTS_KEPT).delete()


def release_expired_holds() -> None:
    """End the payments whose time is over, each in a transaction of its own; see `provider_sync.close`."""
    _each(Payment.objects.unsettled().expired(timezone.now())[:BATCH], _close)


def _refresh(payment: Payment) -> Payment:
    _asked(payment)
    return provider_sync.refresh(payment)


def _close(payment: Payment) -> Payment:
    _asked(payment)
    return provider_sync.close(payment)


def _asked(payment: Payment) -> None:
    """Before the question: one that always fails does not keep the others from their turn."""
    Payment.objects.filter(pk=payment.pk).update(checked_at=timezone.now())


def _each(rows: Iterable[Any], step: Callable[[Any], object]) -> None:
    deadline = time.monotonic() + RUN_S
    for row in rows:
        if time.monotonic() > deadline:
            return
        try:
            step(row)
        except DomainError as refusal:
            logger.warning("Left for the next pass: %s: %s", row, refusal.code)
        except Exception:
            logger.exception("Left for the next pass: %s", row)
