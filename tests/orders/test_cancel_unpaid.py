"""Unpaid orders are canceled after a deadline; a concurrent payment wins or loses completely."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from orders.models import Order
from orders.services import cancel_unpaid
from payments.services import confirm
from tests.support import factories
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)


def set_age(order, age):
    Order.objects.filter(pk=order.pk).update(created_at=timezone.now() - age)


def status(order):
    return Order.objects.get(pk=order.pk).status


def test_only_pending_orders_past_the_deadline_are_canceled(customer, product):
    old, young, paid = (factories.order(customer, (product, 1)) for _ in range(3))
    confirm(paid, outcome="success", by=customer)
    set_age(old, DAY + timedelta(minutes=1))
    set_age(paid, DAY + timedelta(minutes=1))
    set_age(young, DAY - timedelta(minutes=1))
    assert cancel_unpaid(older_than=DAY) == 1
    assert [status(order) for order in (old, young, paid)] == ["canceled", "pending", "paid"]
    assert Order.objects.get(pk=old.pk).failure_reason == "The order was not paid in time."
    assert cancel_unpaid(older_than=DAY) == 0


def test_several_workers_cancel_each_order_once(customer, product, fsck):
    for _ in range(10):
        set_age(factories.order(customer, (product, 1)), 2 * DAY)
    assert sum(at_once(4, lambda: cancel_unpaid(older_than=DAY))) == 10
    fsck()


def test_a_concurrent_payment_wins_or_loses_completely(customer, product, fsck):
    order = factories.order(customer, (product, 1))
    set_age(order, 2 * DAY)
    calls = [
        lambda: cancel_unpaid(older_than=DAY),
        lambda: confirm(order, outcome="success", by=customer).status,
    ] * 3

    def one():
        call = calls.pop()
        return call()

    canceled = 1 in at_once(6, one)
    assert status(order) == ("canceled" if canceled else "paid")
    fsck()


def test_the_deadline_is_a_setting(customer, product, settings):
    order = factories.order(customer, (product, 1))
    set_age(order, timedelta(hours=3))
    call_command("run_due_tasks")
    assert status(order) == "pending"
    settings.ORDER_PAYMENT_DEADLINE_HOURS = 2
    call_command("run_due_tasks")
    assert status(order) == "canceled"
