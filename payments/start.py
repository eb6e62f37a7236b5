"""Start a payment: one is open at a time, written before the provider hears of it; a key is one start."""

from datetime import datetime, timedelta

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop

from catalog import stock
from ecommerce.core.db import run_tx
from ecommerce.core.errors import Busy, DomainError
from orders.access.tokens import page_of
from orders.models import Order
from payments.gateways import GATEWAYS, gateway
from payments.models import Payment, PaymentStart
from payments.provider_sync import at_provider, close, open_payment
from payments.sale_lines import lines_of

# A provider accepts no session that ends in less than its minimum, so a start that has to be repeated gets
# this much more.
SLACK = timedelta(minutes=5)
START_TRIES = 4


class PaymentsDisabled(DomainError):
    message, code, status_code = gettext_noop("Payments are not enabled"), "payments_disabled", 409


class KeyReused(DomainError):
    message = gettext_noop("This Idempotency-Key was used for another order.")
    code, status_code = "idempotency_key_reused", 422


class OrderIsFinal(DomainError):
    code, status_code = "order_is_final", 409

    sentences = {
        Order.Status.PAID: gettext_noop("This order is already paid."),
        Order.Status.FAILED: gettext_noop("This order is already failed."),
        Order.Status.CANCELED: gettext_noop("This order is already canceled."),
    }

    def __init__(self, status: str) -> None:
        super().__init__(self.sentences[Order.Status(status)])


def configured() -> str:
    if settings.PAYMENT_PROVIDER not in GATEWAYS:
        raise PaymentsDisabled
    return str(settings.PAYMENT_PROVIDER)


def start_payment(*, order: Order, key: str | None = None) -> tuple[Payment, bool]:
    """The open payment of this order, and whether this call made it. While one is open there is no second.

    The row and the hold are written before the provider is called. The same key again answers the same
    payment, however it stands by then. Raises OrderIsFinal, InsufficientStock, KeyReused, and what a
    gateway raises: then the same request may be sent again.
    """
    provider = configured()
    for _ in range(START_TRIES):
        if (earlier := _started_with(order, key)) is not None:
            return at_provider(earlier), False
        if (found := _usable(order, provider)) is not None and _remember(found, order, key):
            return at_provider(found), False
        if found is None and (made := _open(order, provider, key)) is not None:
            return at_provider(made), True
    raise Busy


def _usable(order: Order, provider: str) -> Payment | None:
    """The open payment; one that has run out, or is another provider's, is closed to make room."""
    payment = open_payment(order)
    if payment is None:
        return None
    if payment.gateway == provider and payment.expires_at > timezone.now():
        return payment
    close(payment)
    return None


def _open(order: Order, provider: str, key: str | None) -> Payment | None:
    """The row and the hold, or None where another call was first. Raises OrderIsFinal."""
    pk, now = ObjectId(), timezone.now()
    try:
        opened = run_tx(lambda: _write(order, provider, key, pk, now))
    except IntegrityError:  # a request with the same key was first
        return None
    if opened:
        return Payment.objects.get(pk=pk)
    current = Order.objects.get(pk=order.pk)
    if current.is_final:
        raise OrderIsFinal(current.status)
    return None


def _write(order: Order, provider: str, key: str | None, pk: ObjectId, now: datetime) -> bool:
    """Inside a transaction: claim the order for this payment, hold its stock, write the rows."""
    orders = Order.objects.filter(pk=order.pk, status=Order.Status.PENDING, payment=None)
    if not orders.update(payment=pk):
        return False
    held = gateway(provider).holds_stock
    if held:
        stock.hold(lines_of(order), payment=pk, order=order.pk)
    if key is not None:
        _write_key(order, key, pk)
    Payment.objects.create(
        pk=pk,
        order=order,
        gateway=provider,
        amount=order.total,
        currency=order.currency,
        held=held,
        return_url=page_of(order, "payments:paid"),
        cancel_url=page_of(order),
        expires_at=now + timedelta(minutes=settings.PAYMENT_HOLD_MINUTES) + SLACK,
        created_at=now,
        checked_at=now,
    )
    return True


def _owner(order: Order) -> str:
    return str(order.user_id or order.pk)


def _started_with(order: Order, key: str | None) -> Payment | None:
    start = PaymentStart.objects.filter(owner=_owner(order), key=key).first() if key is not None else None
    if start is None:
        return None
    if start.order != order.pk:
        raise KeyReused
    return Payment.objects.get(pk=start.payment)


def _remember(payment: Payment, order: Order, key: str | None) -> bool:
    """The key is answered with this payment from now on; False where it was used a moment ago."""
    try:
        if key is not None:
            _write_key(order, key, payment.pk)
    except IntegrityError:
        return False
    return True


def _write_key(order: Order, key: str, payment: ObjectId) -> None:
    PaymentStart.objects.create(pk=ObjectId(), owner=_owner(order), key=key, payment=payment, order=order.pk)
