"""Actions and checks that tests of payments share."""

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
    """Start the payment of an order, or of an order id, over the API and return the response."""
    headers = {} if key is None else {"headers": {"Idempotency-Key": key}}
    return api.post(START, {"order_id": str(getattr(order, "pk", order))}, **headers)


def deliver_event(api: Any, event: dict[str, Any], **signature: Any) -> Any:
    """Sign an event, post it to the webhook of Stripe and return the response."""
    body, header = signed(event, **signature)
    return post_webhook(api, body, header)


def post_webhook(api: Any, body: Any, header: str | None, url: str = WEBHOOK) -> Any:
    """Post a body to a webhook with this Stripe-Signature and return the response."""
    headers = {} if header is None else {"headers": {"Stripe-Signature": header}}
    return api.generic("POST", url, body, content_type="application/json", **headers)


def pay(stripe: Standin, payment: Any, **fields: Any) -> bool:
    """Pay a payment, or a payment id, on Stripe's page; return False if that is no longer possible."""
    return stripe.pay(stripe.session_of(getattr(payment, "pk", payment))["id"], **fields)


def payment_of(order: Order) -> Payment:
    """Return the only payment of an order."""
    return Payment.objects.get(order=order.pk)


def status(row: Any) -> str:
    """Return the stored status of an order, a payment or a refund."""
    return type(row).objects.values_list("status", flat=True).get(pk=row.pk)


def stock(product: Product) -> tuple[int, int]:
    """Return how much of a product can be sold, and how much is on hold."""
    return Product.objects.values_list("inventory", "on_hold").get(pk=product.pk)


def reconcile() -> None:
    """Run the reconciler once for all payments, however recently they were checked."""
    reconciliation.release_expired_holds()
    reconciliation.reconcile(older_than=timedelta(0))


def expire(payment: Payment) -> None:
    """Make a payment expired."""
    Payment.objects.filter(pk=payment.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def cents(amount: Decimal) -> int:
    """Return an amount in cents; fail if it has a fraction of a cent."""
    assert amount * 100 == int(amount * 100)
    return int(amount * 100)


def assert_money_adds_up(stripe: Standin) -> None:
    """Compare the shop with Stripe's ledger, to the cent.

    All money that Stripe took has paid an order or is to be refunded, and all money that Stripe refunded is
    recorded as refunded.
    """
    simulated = Payment.objects.filter(gateway="simulated").values_list("order", flat=True)
    paid_orders = Order.objects.filter(status="paid").exclude(pk__in=list(simulated))
    for_orders = sum(cents(order.total) for order in paid_orders)
    for_no_order = sum(cents(payment.received) for payment in Payment.objects.filter(paid_order=False))
    assert stripe.taken == for_orders + for_no_order
    refunds = Refund.objects.filter(status=Refund.Status.REFUNDED).select_related("payment")
    refunded = sum(cents(refund.amount) for refund in refunds if refund.payment.gateway == "stripe")
    assert stripe.refunded() == refunded
