"""Orders that were never paid are deleted here, because orders do not know payments."""

import time
from datetime import timedelta

from bson import ObjectId
from django.utils import timezone

from catalog import stock
from ecommerce.core.db import run_tx
from orders.models import Order
from payments.models import Payment, PaymentStart

KEPT = timedelta(days=90)  # no provider reports a payment so late
RUN_S = 20.0  # the next run does the rest
UNPAID = (Order.Status.CANCELED, Order.Status.FAILED)  # final; a paid order stays `paid` when it is refunded
NO_MONEY = (Payment.Status.FAILED, Payment.Status.CANCELED)


def delete_unpaid() -> int:
    """Delete old orders that no money was ever taken for, with their payments and holds; return how many."""
    old = Order.objects.filter(status__in=UNPAID, created_at__lt=timezone.now() - KEPT).order_by()
    deleted, deadline = 0, time.monotonic() + RUN_S
    for pk in old.values_list("pk", flat=True).iterator():
        deleted += run_tx(lambda pk=pk: _delete(pk))  # type: ignore[misc]
        if time.monotonic() > deadline:
            break
    return deleted


def delete_old_starts() -> None:
    """Delete the keys of payments that were started so long ago that no client repeats the request."""
    PaymentStart.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _delete(pk: ObjectId) -> bool:
    """Delete the order inside a transaction, unless a provider has taken money for it; return whether it was.

    If the provider reports money meanwhile, both transactions write the payment, and one of them starts anew.
    """
    payments = Payment.objects.filter(order=pk)
    if payments.exclude(status__in=NO_MONEY).exists() or not stock.forget_holds(pk):
        return False
    payments.delete()
    PaymentStart.objects.filter(order=pk).delete()
    deleted, _rows = Order.objects.filter(pk=pk).delete()
    return bool(deleted)
