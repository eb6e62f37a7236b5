"""Periodic, idempotent repair of payments and refunds that were interrupted. Safe to run at any time."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from ecommerce.core.errors import DomainError
from payments import provider_sync, refunds
from payments.models import Payer, Payment, Refund, WebhookEvent

logger = logging.getLogger("shop.payments")

CHECK_AFTER = timedelta(minutes=5)  # a webhook usually arrives earlier
KEEP_EVENTS = timedelta(days=30)  # Stripe redelivers an event for three days
KEEP_PAYERS = timedelta(days=1)
BATCH = 200
RUN_S = 20.0  # a provider that does not answer takes 20 s a call; the next run does the rest


def reconcile(*, older_than: timedelta = CHECK_AFTER) -> None:
    """Refresh payments that have not been settled, send outstanding refunds, and delete old rows.

    Payments that were checked less than `older_than` ago are left alone.
    """
    now = timezone.now()
    run_each(Payment.objects.unsettled().not_checked_since(now - older_than)[:BATCH], _refresh)
    run_each(Refund.objects.outstanding()[:BATCH], refunds.send)
    WebhookEvent.objects.filter(created_at__lt=now - KEEP_EVENTS).delete()
    Payer.objects.filter(last_start__lt=now - KEEP_PAYERS).delete()


def release_expired_holds() -> None:
    """Close payments that have expired and release their stock; see `provider_sync.close`."""
    run_each(Payment.objects.unsettled().expired(timezone.now())[:BATCH], _close)


def run_each(rows: Iterable[Any], step: Callable[[Any], object]) -> None:
    """Run the step for each row. An error is logged and does not stop the others."""
    deadline = time.monotonic() + RUN_S
    for row in rows:
        if time.monotonic() > deadline:
            return
        try:
            step(row)
        except DomainError as refusal:
            logger.warning("Left for the next run: %s: %s", row, refusal.code)
        except Exception:
            logger.exception("Left for the next run: %s", row)


def _refresh(payment: Payment) -> None:
    _mark_checked(payment)
    provider_sync.refresh(payment)


def _close(payment: Payment) -> None:
    _mark_checked(payment)
    provider_sync.close(payment)


def _mark_checked(payment: Payment) -> None:
    """Move the payment to the end of the queue first, so that one that always fails does not block others."""
    Payment.objects.filter(pk=payment.pk).update(checked_at=timezone.now())
