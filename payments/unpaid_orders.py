"""Orders that were never paid are deleted here, because orders do not know payments."""

from datetime import timedelta

from bson import ObjectId
from django.utils import timezone

from catalog import stock
from ecommerce.core.db import run_tx
from orders.models import Order
from payments.models import Payment, PaymentStart
from payments.reconciliation import run_each

KEPT = timedelta(days=90)  # no provider reports a payment so late
UNPAID = (Order.Status.CANCELED, Order.Status.FAILED)  # final; a paid order stays `paid` when it is refunded
NO_MONEY = (Payment.Status.FAILED, Payment.Status.CANCELED)


def delete_unpaid() -> None:
    """Delete old orders that no money was ever taken for, with their payments and holds."""
    old = Order.objects.filter(status__in=UNPAID, created_at__lt=timezone.now() - KEPT).order_by()
    run_each(old.values_list("pk", flat=True).iterator(), lambda pk: run_tx(lambda: _delete(pk)))


def delete_old_starts() -> None:
    """Delete the keys of payments that were started so long ago that no client repeats the request."""
    PaymentStart.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _delete(pk: ObjectId) -> None:
    """Delete the order inside a transaction, unless a provider has taken money for it, or still may.

    If the provider reports money meanwhile, both transactions write the payment, and one of them starts anew.
    """
    payments = Payment.objects.filter(order=pk)
    if payments.exclude(status__in=NO_MONEY, created_at__lt=timezone.now() - KEPT).exists():
        return
    if stock.forget_holds(pk):
        payments.delete()
        PaymentStart.objects.filter(order=pk).delete()
        Order.objects.filter(pk=pk).delete()
