"""Start the payment of an order. An order has at most one open payment, and a key starts at most one."""

from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_noop
from pymongo.errors import DuplicateKeyError

from ecommerce.core.db import run_tx
from ecommerce.core.errors import Busy, DomainError
from orders.access.tokens import page_of
from orders.models import Order
from orders.services import current_products
from payments import holding, open_payments, terms
from payments.gateways import GATEWAYS, gateway
from payments.models import Payment, PaymentStart
from payments.open_payments import Payers
from payments.provider_sync import close, ensure_started, open_payment

ATTEMPTS = 4


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


def selected_provider() -> str:
    """Return the name of the gateway that takes new payments. Raise PaymentsDisabled if there is none."""
    if settings.PAYMENT_PROVIDER not in GATEWAYS:
        raise PaymentsDisabled
    return str(settings.PAYMENT_PROVIDER)


def start_payment(order: Order, *, key: str | None = None) -> tuple[Payment, bool]:
    """Return the payment with which the customer pays the order, and whether this call created it.

    An open payment is returned instead of a second one. A repeated `key` returns the payment of its first
    use, whatever its status is now. The payment and its hold on the stock (`payments.holding`) are stored
    before the provider is called, so the call may be repeated after a gateway error. Raise PaymentsDisabled,
    OrderIsFinal, OrderOverdue, OrderOutdated, TooManyOpenPayments, InsufficientStock, KeyReused,
    GatewayUnavailable, GatewayRefused, or Busy.
    """
    provider = selected_provider()
    for _ in range(ATTEMPTS):
        payment, created = _find_or_create(order, provider, key)
        if payment is not None:
            return ensure_started(payment), created
    raise Busy


def _find_or_create(order: Order, provider: str, key: str | None) -> tuple[Payment | None, bool]:
    """Return the payment and whether it is new, or None if a concurrent request was faster."""
    payment = _payment_of_key(order, key)
    if payment is not None:
        return payment, False
    payment = _usable_payment(order, provider)
    if payment is None:
        return _create(order, provider, key), True
    if _remember_key(payment, order, key):
        return payment, False
    return None, False


def _payment_of_key(order: Order, key: str | None) -> Payment | None:
    if key is None:
        return None
    start = PaymentStart.objects.filter(owner=_owner(order), key=key).first()
    if start is None:
        return None
    if start.order != order.pk:
        raise KeyReused
    return Payment.objects.get(pk=start.payment)


def _usable_payment(order: Order, provider: str) -> Payment | None:
    """Return the open payment. One that has expired or belongs to another provider is closed instead."""
    payment = open_payment(order)
    if payment is None:
        return None
    if payment.gateway == provider and payment.expires_at > timezone.now():
        return payment
    close(payment)
    return None


def _create(order: Order, provider: str, key: str | None) -> Payment | None:
    """Store a payment and hold the stock, or return None if a concurrent request was faster."""
    pk = ObjectId()
    try:
        claimed = run_tx(lambda: _claim_order(order, provider, key, pk))
    except (IntegrityError, DuplicateKeyError):  # a concurrent request with this key, or of this payer
        return None
    if claimed:
        return Payment.objects.get(pk=pk)
    current = Order.objects.get(pk=order.pk)
    if current.is_final:
        raise OrderIsFinal(current.status)
    return None


def _claim_order(order: Order, provider: str, key: str | None, pk: ObjectId) -> bool:
    """Inside a transaction, make this the order's payment and hold its stock; False if it has another."""
    free = Order.objects.filter(pk=order.pk, status=Order.Status.PENDING, payment=None)
    if not free.update(payment=pk):
        return False
    products = current_products(order)
    terms.check(order, products)
    if key is not None:
        _insert_key(order, key, pk)
    limited = _hold(order, products, pk) if gateway(provider).holds_stock else {}
    _insert_payment(order, provider, pk, **limited)
    return True


def _hold(order: Order, products: holding.Products, pk: ObjectId) -> dict[str, Any]:
    """Hold the stock as far as the payers' limits allow; return the payment's fields that say so."""
    payers = Payers.of(order)
    held = holding.hold(order, products, payment=pk, others=open_payments.of_each(payers))
    return {"held": held, "buyer": payers.buyer, "network": payers.network}


def _insert_payment(order: Order, provider: str, pk: ObjectId, **limited: Any) -> None:
    now = timezone.now()
    Payment.objects.create(
        pk=pk,
        order=order,
        gateway=provider,
        amount=order.total,
        currency=order.currency,
        return_url=page_of(order, "payments:paid"),
        cancel_url=page_of(order),
        expires_at=now + holding.lifetime(),
        created_at=now,
        checked_at=now,
        **limited,
    )


def _remember_key(payment: Payment, order: Order, key: str | None) -> bool:
    """Store that this key stands for an open payment; False if a concurrent request used the key."""
    if key is None:
        return True
    try:
        _insert_key(order, key, payment.pk)
    except IntegrityError:
        return False
    return True


def _insert_key(order: Order, key: str, payment: ObjectId) -> None:
    PaymentStart.objects.create(pk=ObjectId(), owner=_owner(order), key=key, payment=payment, order=order.pk)


def _owner(order: Order) -> str:
    return str(order.user_id or order.pk)
