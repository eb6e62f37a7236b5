"""Two parties act on one payment, the second between two steps of the first, in every order.

The shop always agrees with the provider's ledger and with itself. Most steps are calls of the provider:
`between.before` and `between.after` run the other party there, once.
"""

import pytest
from rest_framework.test import APIClient

from catalog.services import delete_product, update_product
from ecommerce.core.db.status import transition
from orders.fulfilment import services as fulfilment
from orders.fulfilment.services import StepRefused
from orders.models import TRANSITIONS, Order
from payments import provider_sync, reconciliation, refunds, services, settlement, staff_actions, start
from payments.gateways import gateway
from payments.gateways.base import ProviderState, State
from payments.models import Payment, Refund, WebhookEvent
from payments.start import OrderIsFinal, start_payment
from tests.payments import conftest as payments
from tests.payments.shop import deliver, expire, money_adds_up, pay, reconcile, status, stock, the_payment
from tests.support import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("correct"),
    pytest.mark.proof("forced interleavings"),
]
stripe = payments.stripe  # a fixture


class Between:
    """Runs the other party once before or after the named step of an object."""

    def __init__(self, monkeypatch):
        self._patch = monkeypatch

    def before(self, owner, step, other):
        self._run(owner, step, other, first=True)

    def after(self, owner, step, other):
        self._run(owner, step, other, first=False)

    def _run(self, owner, step, other, *, first):
        call, others = getattr(owner, step), [other]

        def interleaved(*args, **kwargs):
            if first and others:
                others.pop()()
            result = call(*args, **kwargs)
            if not first and others:
                others.pop()()
            return result

        self._patch.setattr(owner, step, interleaved)


@pytest.fixture
def between(monkeypatch):
    return Between(monkeypatch)


@pytest.fixture
def provider(stripe):
    return gateway("stripe")


@pytest.fixture
def correct(stripe, fsck):
    yield
    money_adds_up(stripe)
    fsck()
    reconcile()
    money_adds_up(stripe)
    fsck()
    assert not Refund.objects.outstanding().exists()


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


@pytest.fixture
def payment(stripe, order):
    return start_payment(order=order)[0]


def refresh(payment):
    return provider_sync.refresh(Payment.objects.get(pk=payment.pk))


def webhook(stripe):
    assert deliver(APIClient(), stripe.events[-1]).status_code == 200


def cancel_the_order(order):
    """Cancel the order without regard to its payment."""
    transition(Order.objects.filter(pk=order.pk), Order.Status.CANCELED, TRANSITIONS)


def test_the_webhook_arrives_before_the_answer_of_start(between, stripe, provider, order, product):
    def paid_already():
        pay(stripe, the_payment(order))
        webhook(stripe)

    between.after(provider, "start", paid_already)
    payment, created = start_payment(order=order)
    assert (created, payment.status, status(order), stock(product)) == (True, "captured", "paid", (7, 0))


def test_the_order_is_canceled_while_the_session_is_created(between, stripe, provider, order, product):
    between.before(provider, "start", lambda: cancel_the_order(order))
    payment, _ = start_payment(order=order)
    reconcile()
    assert (status(payment), status(order), stock(product)) == ("canceled", "canceled", (10, 0))
    assert not pay(stripe, payment)


def test_the_customer_cancels_while_the_session_is_created(between, customer, provider, order, product):
    def cancel():
        services.confirm(user=customer, order_id=str(order.pk), outcome="canceled")

    between.before(provider, "start", cancel)
    payment, _ = start_payment(order=order)
    assert (status(payment), status(order), stock(product)) == ("canceled", "canceled", (10, 0))


def test_the_order_is_canceled_before_the_hold(between, stripe, order, product):
    between.before(start, "_write", lambda: cancel_the_order(order))
    with pytest.raises(OrderIsFinal):
        start_payment(order=order)
    assert (stock(product), stripe.requests) == ((10, 0), [])


def test_a_second_start_overtakes_the_first_before_the_hold(between, stripe, order, product):
    seen = []
    between.before(start, "_write", lambda: seen.append(start_payment(order=order)[0]))
    payment, created = start_payment(order=order)
    assert ([payment.pk], created) == ([seen[0].pk], False)
    assert stock(product) == (7, 3)


def test_a_second_start_arrives_while_the_first_calls_the_provider(between, stripe, provider, order):
    seen = []
    between.before(provider, "start", lambda: seen.append(start_payment(order=order)[0]))
    payment, _ = start_payment(order=order)
    assert payment.redirect_url == seen[0].redirect_url == stripe.session_of(payment.pk)["url"]


def test_the_customer_pays_between_the_deadline_and_the_closing(between, stripe, provider, order, payment):
    expire(payment)
    between.before(provider, "close", lambda: pay(stripe, payment))
    reconciliation.release_expired_holds()
    assert (status(payment), status(order)) == ("captured", "paid")


def test_the_customer_pays_after_the_closing(between, stripe, provider, order, payment, product):
    expire(payment)
    between.after(provider, "close", lambda: pay(stripe, payment))
    reconciliation.release_expired_holds()
    assert (status(payment), status(order), stock(product)) == ("canceled", "pending", (10, 0))
    assert stripe.taken == 0


def test_the_hold_expires_between_retrieving_and_settling(between, stripe, provider, order, payment, product):
    pay(stripe, payment)
    expire(payment)
    between.after(provider, "retrieve", reconciliation.release_expired_holds)
    assert refresh(payment).status == "captured"
    assert (status(order), stock(product)) == ("paid", (7, 0))


def test_a_stale_answer_arrives_after_the_payment_is_settled(between, stripe, provider, order, payment):
    def meanwhile():
        pay(stripe, payment)
        webhook(stripe)

    between.after(provider, "retrieve", meanwhile)
    assert refresh(payment).status == "captured"
    assert status(order) == "paid"


def test_the_order_is_canceled_between_retrieving_and_settling(
    between, stripe, provider, order, payment, product
):
    pay(stripe, payment)
    between.after(provider, "retrieve", lambda: cancel_the_order(order))
    refresh(payment)
    assert (status(payment), status(order), stock(product)) == ("refund_due", "canceled", (10, 0))


def test_webhook_and_return_page_settle_at_the_same_time(between, stripe, order, payment, product):
    pay(stripe, payment)
    between.before(settlement, "_receive", lambda: webhook(stripe))
    assert refresh(payment).status == "captured"
    assert (status(order), stock(product)) == ("paid", (7, 0))


def test_the_same_event_arrives_again_while_it_is_being_handled(between, stripe, provider, order, payment):
    pay(stripe, payment)
    between.after(provider, "retrieve", lambda: webhook(stripe))
    webhook(stripe)
    assert (status(order), WebhookEvent.objects.count()) == ("paid", 1)


def test_the_customer_pays_while_canceling(between, stripe, provider, customer, order, payment):
    between.before(provider, "close", lambda: pay(stripe, payment))
    canceled = services.confirm(user=customer, order_id=str(order.pk), outcome="canceled")
    assert (canceled.status, status(payment)) == ("paid", "captured")


def test_a_new_payment_is_started_while_the_order_is_canceled(
    between, stripe, provider, customer, order, payment, product
):
    """The old session is closed, and the order is not final yet."""
    between.before(services, "_move", lambda: start_payment(order=order))
    canceled = services.confirm(user=customer, order_id=str(order.pk), outcome="canceled")
    assert (canceled.status, stock(product)) == ("canceled", (7, 3))
    reconcile()
    assert stock(product) == (10, 0)
    assert {session["status"] for session in stripe.of("checkout.session")} == {"expired"}


def test_the_product_is_deleted_between_retrieving_and_settling(
    between, stripe, provider, order, payment, product
):
    pay(stripe, payment)
    between.after(provider, "retrieve", lambda: delete_product(pk=product.pk))
    refresh(payment)
    assert (status(payment), status(order)) == ("refund_due", "pending")


def test_the_rest_of_the_stock_is_sold_while_a_payment_is_settled(
    between, stripe, provider, order, payment, product
):
    pay(stripe, payment)
    between.after(provider, "retrieve", lambda: update_product(pk=product.pk, inventory=0))
    assert refresh(payment).status == "captured"
    assert stock(product) == (0, 0)


def test_two_reconcilers_send_one_refund(between, stripe, provider, order, payment):
    pay(stripe, payment, amount=5)
    refresh(payment)
    between.before(provider, "refund", reconcile)
    reconcile()
    assert (status(payment), len(stripe.of("refund"))) == ("refunded", 1)


def test_a_second_refund_is_requested_while_the_first_is_sent(between, stripe, provider, order, payment):
    pay(stripe, payment)
    refresh(payment)
    first = refunds.refund_order(order=order, key="a", amount=payment.amount - 1)
    between.before(provider, "refund", lambda: refunds.refund_order(order=order, key="b"))
    refunds.send(first)
    reconcile()
    assert (status(payment), stripe.refunded()) == ("refunded", 23997)


def test_a_refund_is_requested_while_the_same_payment_is_settled_again(
    between, stripe, provider, order, payment
):
    pay(stripe, payment)
    refresh(payment)

    def refund():
        refunds.send(refunds.refund_order(order=order, key="a"))

    state = provider.retrieve(Payment.objects.get(pk=payment.pk))
    between.before(settlement, "_receive", refund)
    settlement.settle(payment.pk, state)
    assert (status(payment), status(order), stripe.refunded()) == ("refunded", "paid", 23997)


PARCEL = {"carrier": "UPS", "tracking_number": "1Z"}


@pytest.fixture
def paid(stripe, order, payment):
    pay(stripe, payment)
    refresh(payment)
    return order


def test_the_order_is_canceled_while_it_is_being_shipped(between, staff, paid, product):
    """The page has shown that it can be canceled."""
    pk = str(paid.pk)
    between.after(fulfilment, "find_order", lambda: staff_actions.cancel_order(order_id=pk, by=staff))
    with pytest.raises(StepRefused):
        fulfilment.ship(order_id=pk, by=staff, **PARCEL)
    assert (Order.objects.get(pk=pk).fulfilment, stock(product)) == ("canceled", (10, 0))


def test_the_order_is_shipped_while_it_is_being_canceled(between, staff, paid, product):
    pk = str(paid.pk)
    between.after(staff_actions, "find_order", lambda: fulfilment.ship(order_id=pk, by=staff, **PARCEL))
    with pytest.raises(StepRefused, match="already shipped"):
        staff_actions.cancel_order(order_id=pk, by=staff)
    assert (Refund.objects.count(), stock(product)) == (0, (7, 0))


def test_the_customer_pays_while_staff_cancel(between, stripe, provider, staff, order, payment, product):
    """The order is canceled as staff asked, and the money is refunded."""
    between.before(provider, "close", lambda: pay(stripe, payment))
    canceled = staff_actions.cancel_order(order_id=str(order.pk), by=staff)
    assert (canceled.status, canceled.fulfilment, stock(product)) == ("paid", "canceled", (10, 0))
    reconcile()
    assert stripe.refunded() == 23997


def test_a_partial_refund_is_sent_while_the_rest_is_canceled(between, stripe, provider, staff, paid, payment):
    part = refunds.refund_order(order=paid, key="a", by=staff, amount=payment.amount - 1)
    between.before(provider, "refund", lambda: staff_actions.cancel_order(order_id=str(paid.pk), by=staff))
    refunds.send(part)
    reconcile()
    paid.refresh_from_db()
    assert (stripe.refunded(), paid.paid_back) == (23997, paid.total)


def test_releasing_the_hold_first_would_sell_what_is_gone(stripe, order, payment, product):
    """The control: a customer pays after the release and before the provider has closed the session."""
    settlement.settle(payment.pk, ProviderState(State.CLOSED))
    update_product(pk=product.pk, inventory=0)
    assert pay(stripe, payment)
    refresh(payment)
    assert status(payment) == "refund_due"
