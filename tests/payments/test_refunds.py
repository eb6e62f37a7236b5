from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from ecommerce.core.errors import DomainError
from ecommerce.core.models import OutboxMessage
from ecommerce.core.outbox import queue as outbox
from payments import provider_sync, refunds
from payments.models import Payment
from payments.services import confirm
from payments.start import start_payment
from tests.payments.helpers import assert_money_adds_up, pay, reconcile, status, stock
from tests.support import factories
from tests.support.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("correct")]


@pytest.fixture
def correct(stripe, fsck):
    """Check after every test that the shop agrees with the provider's ledger and with itself."""
    yield
    assert_money_adds_up(stripe)
    fsck()


@pytest.fixture
def order(stripe, customer, product):
    """Return an order of 239.97 that is paid."""
    order = factories.order(customer, (product, 3))
    payment, _ = start_payment(order)
    pay(stripe, payment)
    provider_sync.refresh(payment)
    return order


@pytest.fixture
def payment(order):
    return Payment.objects.get(order=order.pk)


def refund(order, key="r1", amount=None, **options):
    amount = None if amount is None else Decimal(amount)
    return refunds.refund_order(order, key=key, amount=amount, **options)


def test_a_full_refund_leaves_the_order_paid(stripe, order, payment, product):
    sent = refunds.send(refund(order))
    assert (sent.status, sent.amount) == ("refunded", Decimal("239.97"))
    assert (status(payment), status(order), stock(product)) == ("refunded", "paid", (7, 0))
    assert stripe.refunded() == 23997
    order.refresh_from_db()
    assert (order.refund_status, order.refund_requested, order.refund_completed) == (
        "full",
        sent.amount,
        sent.amount,
    )
    [mail] = OutboxMessage.objects.filter(kind="order_refunded")
    assert mail.payload == {"order": str(order.pk), "amount": "239.97"}


def test_partial_refunds_add_up_to_a_full_refund(stripe, order, payment):
    for key, amount in (("a", "100.00"), ("b", "39.97")):
        refunds.send(refund(order, key, amount))
        assert status(payment) == "captured"
    refunds.send(refund(order, "c"))
    assert (status(payment), stripe.refunded()) == ("refunded", 23997)


def test_the_last_refund_can_restock_the_items_once(order, product):
    refund(order, "a", "1.00")
    assert stock(product) == (7, 0)
    refund(order, "b", restock=True)
    refund(order, "b", restock=True)
    assert stock(product) == (10, 0)
    reconcile()


def test_a_partial_refund_cannot_restock(order, product):
    with pytest.raises(refunds.RestockNeedsAll):
        refund(order, "a", "1.00", restock=True)
    assert stock(product) == (7, 0)


def test_a_fully_refunded_order_has_nothing_to_refund(order):
    refund(order, "a")
    with pytest.raises(refunds.NothingToRefund, match="refunded in full"):
        refund(order, "b")
    reconcile()


@pytest.mark.parametrize("amount", ["0", "-1", "239.98"])
def test_an_amount_out_of_range_is_refused(order, amount):
    with pytest.raises(refunds.RefundTooLarge):
        refund(order, amount=amount)


def test_more_than_is_left_is_refused(order):
    refund(order, "a", "200.00")
    with pytest.raises(refunds.RefundTooLarge):
        refund(order, "b", "40.00")
    reconcile()


def test_a_repeated_key_returns_the_same_refund(stripe, order):
    first = refund(order, amount="10.00")
    refunds.send(first)
    assert refund(order, amount="10.00").pk == first.pk
    with pytest.raises(refunds.RefundKeyReused):
        refund(order, amount="11.00")
    reconcile()
    assert stripe.refunded() == 1000


def test_an_unpaid_order_has_nothing_to_refund(customer, product):
    with pytest.raises(refunds.NothingToRefund):
        refund(factories.order(customer, (product, 1)))


def test_concurrent_refunds_never_exceed_the_payment(stripe, order):
    def refund_once(number):
        try:
            refunds.send(refund(order, f"key-{number}", "100.00"))
        except DomainError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(refund_once, range(6)))
    reconcile()
    assert stripe.refunded() == 20000


def test_concurrent_refunds_with_one_key_are_one_refund(stripe, order):
    def refund_once(_):
        try:
            return refunds.send(refund(order, amount="50.00")).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(refund_once, range(6)))) == 1
    assert stripe.refunded() == 5000


class TestLostResponses:
    def test_an_already_created_refund_is_found_before_a_retry(self, stripe, order):
        stripe.lose = ["POST /v1/refunds"]
        due = refund(order)
        reconcile()
        assert status(due) == "refunding"
        stripe.answers.clear()  # Stripe forgets idempotency keys after a day
        reconcile()
        assert (status(due), stripe.refunded()) == ("refunded", 23997)

    def test_the_reconciler_sends_a_refund_that_was_never_sent(self, stripe, order):
        due = refund(order, amount="5.00")
        reconcile()
        assert (status(due), stripe.refunded()) == ("refunded", 500)


class TestOutbox:
    def test_the_worker_sends_a_refund(self, stripe, order):
        due = refund(order, amount="5.00")
        assert stripe.refunded() == 0
        outbox.deliver_due()
        assert (status(due), stripe.refunded()) == ("refunded", 500)

    def test_a_refund_is_retried_after_a_lost_response(self, stripe, order):
        stripe.lose = ["POST /v1/refunds"]
        due = refund(order, amount="5.00")
        outbox.deliver_due()
        row = OutboxMessage.objects.get(kind="refund")
        assert (row.status, status(due)) == ("pending", "refunding")
        assert row.last_error.startswith("GatewayUnavailable")
        OutboxMessage.objects.update(next_attempt_at=order.created_at)
        outbox.deliver_due()
        assert (status(due), stripe.refunded()) == ("refunded", 500)

    def test_a_refund_sent_by_the_reconciler_is_not_sent_again(self, stripe, order):
        refund(order, amount="5.00")
        reconcile()
        requests = len(stripe.requests)
        outbox.deliver_due()
        assert len(stripe.requests) == requests
        assert OutboxMessage.objects.get(kind="refund").status == "sent"


class TestPendingAndFailed:
    def test_a_pending_refund_is_checked_until_it_is_completed(self, stripe, order, payment):
        stripe.refund_status = "pending"
        due = refunds.send(refund(order))
        assert (due.status, status(payment)) == ("refunding", "refund_due")
        [created] = stripe.of("refund")
        stripe.change(created["id"], status="succeeded")
        reconcile()
        assert (status(due), status(payment)) == ("refunded", "refunded")

    @pytest.mark.parametrize("outcome", ["failed", "canceled"])
    def test_a_failed_refund_is_not_retried_automatically(self, stripe, order, payment, outcome, caplog):
        stripe.refund_status = outcome
        due = refunds.send(refund(order))
        reconcile()
        assert (due.status, status(payment)) == ("failed", "refund_due")
        assert len(stripe.of("refund")) == 1
        assert "by hand" in caplog.text


class TestSendAgain:
    @pytest.fixture
    def failed(self, stripe, order):
        stripe.refund_status = "failed"
        failed = refunds.send(refund(order, amount="10.00"))
        stripe.refund_status = "succeeded"
        assert failed.status == "failed"
        return failed

    def test_a_failed_refund_gets_a_new_attempt(self, stripe, staff, failed, payment):
        assert refunds.send_again(failed, by=staff)
        outbox.deliver_due()
        assert (status(failed), stripe.refunded(), len(stripe.of("refund"))) == ("refunded", 1000, 2)
        payment.refresh_from_db()
        assert payment.refund_completed == Decimal("10.00")

    def test_five_concurrent_clicks_send_one_refund(self, stripe, staff, failed):
        at_once(5, lambda: refunds.send_again(failed, by=staff))
        outbox.deliver_due()
        assert (status(failed), stripe.refunded()) == ("refunded", 1000)

    def test_a_late_response_to_the_failed_attempt_does_not_end_the_new_one(self, staff, failed):
        refunds.send_again(failed, by=staff)
        refunds._fail(failed)  # by a worker that sent the failed attempt
        assert status(failed) == "due"
        reconcile()

    def test_a_completed_refund_is_not_sent_again(self, stripe, staff, order):
        done = refunds.send(refund(order, amount="10.00"))
        assert not refunds.send_again(done, by=staff)
        outbox.deliver_due()
        assert stripe.refunded() == 1000


def test_a_simulated_payment_can_be_refunded(settings, customer, product):
    settings.PAYMENT_PROVIDER = "simulated"
    order = factories.order(customer, (product, 1))
    confirm(order, outcome="success", by=customer)
    refunds.send(refund(order, amount="79.99"))
    assert Payment.objects.get().status == "refunded"
