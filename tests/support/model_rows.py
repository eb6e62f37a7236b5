"""One row of every model that the admin shows."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import ServiceKey, User
from accounts.service_keys.services import create_key
from cart.models import Cart
from cart.services import add_item
from catalog.models import Category, Product, SearchMiss, StockMovement
from ecommerce.core.models import AuditEntry, OutboxMessage
from orders.models import Order
from payments.models import Payment, Refund
from payments.refunds import refund_order
from payments.services import confirm
from tests.support import factories

MODELS = list(admin.site._registry)


def one_row_of_every_model(*, by: User) -> dict[type, Any]:
    """Create and return a row of every model in the admin, and log entries for some; `by` is an admin."""
    product = factories.product(name="Tea", category="Kitchen", image="https://cdn.example.com/tea.jpg")
    buyer = factories.user()
    order, paid = (factories.order(buyer, (product, 2)) for _ in range(2))
    add_item(user=buyer, product_id=product.product_id, qty=1)
    confirm(paid, outcome="success", by=buyer)
    refund = refund_order(order=paid, key="r1", by=by, reason="Too late")
    group = Group.objects.get(name="support")
    key, _text = create_key(name="Warehouse", scopes=["orders:read"], expires_at=timezone.now(), by=by)
    LogEntry.objects.log_actions(by.pk, [product, order, group], 2, "Looked at", single_object=False)
    return {
        Product: product,
        Category: Category.objects.get(),
        StockMovement: StockMovement.objects.first(),
        SearchMiss: SearchMiss.objects.create(text="teapot", count=2, last_at=timezone.now()),
        Cart: Cart.objects.get(),
        Order: order,
        Payment: Payment.objects.get(),
        Refund: refund,
        AuditEntry: AuditEntry.objects.first(),
        OutboxMessage: OutboxMessage.objects.create(kind="test", key="test:1"),
        User: buyer,
        Group: group,
        ServiceKey: key,
    }
