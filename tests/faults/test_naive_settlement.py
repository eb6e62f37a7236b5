"""Negative controls of the interleavings: code that reads, checks and writes without a condition."""

import pytest
from django.core.management import CommandError

from catalog.models import Product, StockMovement
from orders.models import Order
from payments import provider_sync
from payments.models import Payment
from payments.start import start_payment
from tests.payments import conftest as payments
from tests.payments.helpers import pay
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.proof("forced interleavings")]
stripe = payments.stripe  # a fixture


def settle_naively(payment, concurrent_step):
    """Settle a payment, with a concurrent step between reading and writing."""
    row = Payment.objects.get(pk=payment.pk)
    order, product = Order.objects.get(pk=row.order_id), Product.objects.get()
    if row.status == "initiated":
        concurrent_step()
        write_naively(row, order, product)


def write_naively(row, order, product):
    """Capture the payment, mark the order as paid and sell its stock, whatever is stored by now."""
    row.status, row.paid_order, row.held = "captured", True, False
    row.buyer = row.network = ""
    row.received, row.received_currency = row.amount, row.currency
    row.save()
    order.status = "paid"
    order.save()
    Product.objects.filter(pk=product.pk).update(on_hold=product.on_hold - 3)
    for reason, quantity in (("release", 3), ("sale", -3)):
        key = f"{reason} {StockMovement.objects.count()}"
        StockMovement.objects.create(
            key=key, product=product.pk, order=order.pk, quantity=quantity, reason=reason
        )


@pytest.fixture
def payment(stripe, customer, product):
    payment, _ = start_payment(factories.order(customer, (product, 3)))
    pay(stripe, payment)
    return payment


@pytest.mark.control("naive code keeps it alone")
def test_it_is_correct_alone(payment, fsck):
    settle_naively(payment, lambda: None)
    fsck()


@pytest.mark.control("naive code breaks it")
def test_a_concurrent_settlement_sells_twice(payment, fsck):
    settle_naively(payment, lambda: provider_sync.refresh(payment))
    with pytest.raises(CommandError):
        fsck()
