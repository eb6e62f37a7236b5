"""What tests of payments look at and do."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from catalog.models import Product
from orders.models import Order
from payments import reconciliation
from payments.models import Payment, Refund
from tests.payments.stripe_standin import Standin, signed

START = "/api/v1/payments/start"
WEBHOOK = "/api/v1/payments/webhooks/stripe"


def start(api: Any, order: Any, key: str | None = None) -> Any:
    headers = {} if key is None else {"headers": {"Idempotency-Key": key}}
    return api.post(START, {"order_id": str(getattr(order, "pk", order))}, **headers)


def deliver(api: Any, event: dict[str, Any], **signature: Any) -> Any:
    body, header = signed(event, **signature)
    return post(api, body, header)


def post(api: Any, body: Any, header: str | None, url: str = WEBHOOK) -> Any:
    headers = {} if header is None else {"headers": {"Stripe-Signature": header}}
    return api.generic("POST", url, body, content_type="application/json", **headers)


def pay(stripe: Standin, payment: Any, **fields: Any) -> bool:
    return stripe.pay(stripe.session_of(getattr(payment, "pk", payment))["id"], **fields)


def the_payment(order: Order) -> Payment:
    return Payment.objects.get(order=order.pk)


def status(row: Any) -> str:
    """As stored: of an order, a payment or a refund."""
    return type(row).objects.values_list("status", flat=True).get(pk=row.pk)


def stock(product: Product) -> tuple[int, int]:
    """What can be sold, and what is on hold."""
    return Product.objects.values_list("inventory", "on_hold").get(pk=product.pk)


def reconcile() -> None:
    """One pass, of everything at once."""
    reconciliation.release_expired_holds()
    reconciliation.reconcile(older_than=timedelta(0))


def expire(payment: Payment) -> None:
    Payment.objects.filter(pk=payment.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def cents(amount: Decimal) -> int:
    assert amount * 100 == int(amount * 100)
    return int(amount * 100)


def money_adds_up(stripe: Standin) -> None:
    """To the cent: what was taken paid for orders or goes back, and what went back is what the shop says."""
    simulated = Payment.objects.filter(gateway="simulated").values_list("order", flat=True)
    orders = Order.objects.filter(status="paid").exclude(pk__in=list(simulated))
    paid = sum(cents(order.total) for order in orders)
    lost = Payment.objects.filter(paid_order=False)
    assert stripe.taken == paid + sum(cents(payment.received) for payment in lost)
    refunds = Refund.objects.filter(status=Refund.Status.REFUNDED).select_related("payment")
    back = sum(cents(refund.amount) for refund in refunds if refund.payment.gateway == "stripe")
    assert stripe.refunded() == back
