from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from catalog.services import update_product
from orders.models import Order
from payments.models import Payment
from tests.payments.helpers import START, expire, pay, payment_of, start, status, stock
from tests.support import factories
from tests.support.answers import refused

pytestmark = pytest.mark.django_db
KEY = "a-key-of-the-client"


@pytest.fixture
def order(customer, product):
    return factories.order(customer, (product, 3))


class TestSimulated:
    def test_the_response_names_the_test_page_and_no_stock_is_taken(self, customer_api, product, order, fsck):
        answer = start(customer_api, order)
        assert answer.status_code == 201
        assert answer.json() == {
            "payment_id": str(payment_of(order).pk),
            "gateway": "simulated",
            "status": "initiated",
            "redirect_url": f"http://testserver/orders/{order.number}/pay/",
        }
        assert stock(product) == (10, 0)
        fsck()

    @pytest.mark.parametrize(
        ("outcome", "expected"), [("success", "captured"), ("failure", "failed"), ("canceled", "canceled")]
    )
    def test_confirm_settles_the_payment_and_the_order(self, customer_api, order, outcome, expected, fsck):
        start(customer_api, order)
        customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}&outcome={outcome}")
        assert status(payment_of(order)) == expected
        fsck()

    def test_insufficient_stock_fails_the_payment_and_the_order(self, customer_api, product, order, fsck):
        start(customer_api, order)
        update_product(pk=product.pk, inventory=1)
        refused(customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}"), 400)
        assert status(payment_of(order)) == "failed"
        fsck()


class TestStripe:
    def test_the_stock_is_held_and_the_response_names_the_hosted_page(
        self, stripe, customer_api, product, order, fsck
    ):
        answer = start(customer_api, order).json()
        payment = payment_of(order)
        session = stripe.session_of(payment.pk)
        assert answer["redirect_url"] == session["url"]
        assert (answer["gateway"], answer["status"]) == ("stripe", "initiated")
        assert (session["amount_total"], session["currency"]) == (23997, "usd")
        assert session["success_url"] == f"http://testserver/orders/{order.number}/paid/"
        assert session["expires_at"] == int(payment.expires_at.timestamp())
        assert stock(product) == (7, 3)
        fsck()

    def test_a_second_start_returns_the_open_payment(self, stripe, customer_api, product, order, fsck):
        first, second = start(customer_api, order), start(customer_api, order)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert stock(product) == (7, 3)
        fsck()

    def test_concurrent_starts_create_one_payment(self, stripe, customer_api, product, order, fsck):
        def one(key):
            try:
                return start(customer_api, order, key)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(one, [f"key-{n % 4}" for n in range(8)]))
        made = [answer for answer in answers if answer.status_code == 201]
        assert len(made) == 1
        ids = {answer.json()["payment_id"] for answer in answers if answer.status_code in (200, 201)}
        assert ids == {str(payment_of(order).pk)}
        assert {answer.status_code for answer in answers} <= {200, 201, 503}
        assert stripe.session_of(payment_of(order).pk)
        assert stock(product) == (7, 3)
        fsck()

    def test_insufficient_stock_starts_nothing_and_the_order_stays_pending(
        self, stripe, customer_api, product, order
    ):
        update_product(pk=product.pk, inventory=2)
        refused(start(customer_api, order), 400, f"Insufficient inventory for product {product.name}")
        assert not Payment.objects.exists()
        assert not stripe.requests
        assert status(order) == "pending"

    def test_held_stock_cannot_be_sold_to_another_customer(
        self, stripe, customer_api, stranger, stranger_api, fsck
    ):
        last = factories.product(inventory=1)
        first, second = (factories.order(stranger, (last, 1)) for _ in range(2))
        start(stranger_api, first)
        refused(start(stranger_api, second), 400, f"Insufficient inventory for product {last.name}")
        fsck()

    @pytest.mark.parametrize("final", ["paid", "failed", "canceled"])
    def test_a_final_order_is_refused(self, customer_api, order, final):
        outcome = {"paid": "success", "failed": "failure", "canceled": "canceled"}[final]
        customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}&outcome={outcome}")
        refused(start(customer_api, order), 409, f"This order is already {final}.")


class TestKeys:
    def test_a_repeated_key_returns_the_same_payment_in_any_status(self, stripe, customer_api, order, fsck):
        first = start(customer_api, order, KEY).json()
        pay(stripe, first["payment_id"])
        customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}&outcome=canceled")
        repeated = start(customer_api, order, KEY)
        assert repeated.status_code == 200
        assert repeated.json() == first | {"status": "captured", "redirect_url": None}
        fsck()

    def test_a_key_that_returned_an_open_payment_keeps_returning_it(self, stripe, customer_api, order):
        first = start(customer_api, order, KEY).json()
        assert start(customer_api, order, "another-key").json() == first
        expire(payment_of(order))
        assert start(customer_api, order, "third-key").json()["payment_id"] != first["payment_id"]
        assert start(customer_api, order, "another-key").json()["payment_id"] == first["payment_id"]

    @pytest.mark.parametrize("key_created_the_payment", [True, False])
    def test_a_key_cannot_be_reused_for_another_order(
        self, stripe, customer, customer_api, order, key_created_the_payment
    ):
        if not key_created_the_payment:
            start(customer_api, order)
        start(customer_api, order, KEY)
        other = factories.order(customer, (factories.product(), 1))
        refused(start(customer_api, other, KEY), 422, "This Idempotency-Key was used for another order.")
        assert not Payment.objects.filter(order=other.pk).exists()

    def test_two_customers_can_use_the_same_key(self, stripe, customer_api, stranger, stranger_api, order):
        other = factories.order(stranger, (factories.product(), 1))
        assert start(customer_api, order, KEY).status_code == 201
        assert start(stranger_api, other, KEY).status_code == 201

    @pytest.mark.parametrize("key", ["", "with space", "x" * 201, "é"])
    def test_a_malformed_key_is_refused(self, customer_api, order, key):
        refused(start(customer_api, order, key), 400, field="Idempotency-Key")


class TestGatewayErrors:
    def test_a_retry_after_a_lost_response_returns_the_existing_session(self, stripe, customer_api, order):
        stripe.lose = ["POST /v1/checkout/sessions"]
        lost = start(customer_api, order, KEY)
        refused(lost, 503)
        assert lost["Retry-After"]
        repeated = start(customer_api, order, KEY)
        assert repeated.json()["redirect_url"] == stripe.session_of(payment_of(order).pk)["url"]

    def test_a_refusal_fails_the_payment_and_releases_the_stock(
        self, stripe, customer_api, product, order, settings, fsck
    ):
        settings.PAYMENT_HOLD_MINUTES = 2000  # longer than a session may live
        refused(start(customer_api, order), 502, "The payment provider refused this.")
        assert (status(payment_of(order)), status(order)) == ("failed", "pending")
        assert stock(product) == (10, 0)
        settings.PAYMENT_HOLD_MINUTES = 30
        assert start(customer_api, order).status_code == 201
        fsck()

    def test_a_wrong_api_key_leaves_the_payment_open(
        self, stripe, customer_api, product, order, settings, fsck
    ):
        settings.STRIPE_SECRET_KEY = "sk_test_wrong"
        refused(start(customer_api, order), 503)
        assert (status(payment_of(order)), stock(product)) == ("initiated", (7, 3))
        fsck()


class TestReplacedPayments:
    def test_a_new_payment_replaces_an_expired_one(self, stripe, customer_api, product, order, fsck):
        old = start(customer_api, order).json()["payment_id"]
        expire(payment_of(order))
        new = start(customer_api, order)
        assert new.status_code == 201
        assert new.json()["payment_id"] != old
        assert stripe.session_of(old)["status"] == "expired"
        assert status(Payment.objects.get(pk=old)) == "canceled"
        assert stock(product) == (7, 3)
        fsck()

    def test_an_expired_payment_that_was_paid_is_not_replaced(self, stripe, customer_api, order, fsck):
        old = start(customer_api, order).json()["payment_id"]
        pay(stripe, old)
        expire(payment_of(order))
        refused(start(customer_api, order), 409, "This order is already paid.")
        fsck()

    def test_the_open_payment_of_another_provider_is_replaced(
        self, stripe, customer_api, product, order, fsck, settings
    ):
        settings.PAYMENT_PROVIDER = "simulated"
        start(customer_api, order)
        settings.PAYMENT_PROVIDER = "stripe"
        assert start(customer_api, order).json()["gateway"] == "stripe"
        assert stock(product) == (7, 3)
        fsck()


def test_the_order_of_another_customer_is_not_found(stranger_api, staff_api, order):
    for api in (stranger_api, staff_api):
        refused(start(api, order), 404, "Order not found")


@pytest.mark.parametrize("pk", ["x", "", "5f5f5f5f5f5f5f5f5f5f5f5g", "5f5f5f5f5f5f5f5f5f5f5f5f", "\x00"])
def test_an_unknown_or_malformed_order_id_is_refused(customer_api, pk):
    assert start(customer_api, pk).status_code in (400, 404)


def test_without_a_provider_nothing_starts(customer_api, order, settings):
    settings.PAYMENT_PROVIDER = "none"
    refused(start(customer_api, order), 409, "Payments are not enabled")


def test_an_anonymous_request_is_refused(api, order):
    refused(start(api, order), 401)
    refused(api.post(START, {}), 401)


class TestPaymentDetail:
    def test_the_customer_sees_the_payment(self, customer_api, order):
        pk = start(customer_api, order).json()["payment_id"]
        answer = customer_api.get(f"/api/v1/payments/{pk}").json()
        assert answer == payment_of(order).as_dict()
        assert (answer["amount"], answer["currency"], answer["order_id"]) == (239.97, "usd", str(order.pk))

    def test_other_users_do_not_see_the_payment(self, api, customer_api, stranger_api, staff_api, order):
        pk = start(customer_api, order).json()["payment_id"]
        refused(api.get(f"/api/v1/payments/{pk}"), 401)
        for other in (stranger_api, staff_api):
            refused(other.get(f"/api/v1/payments/{pk}"), 404, "Payment not found")

    @pytest.mark.parametrize("pk", ["x", "5f5f5f5f5f5f5f5f5f5f5f5f", "%00"])
    def test_an_unknown_payment_is_not_found(self, customer_api, pk):
        refused(customer_api.get(f"/api/v1/payments/{pk}"), 404, "Payment not found")


class TestConfirmWithARealGateway:
    @pytest.mark.parametrize("outcome", ["success", "failure"])
    def test_the_customer_cannot_settle_the_payment(self, stripe, customer_api, order, outcome):
        url = f"/api/v1/payments/confirm?order_id={order.pk}&outcome={outcome}"
        refused(customer_api.post(url), 409, "Payments are settled by the gateway")
        assert status(order) == "pending"

    def test_canceling_closes_the_session_and_releases_the_stock(
        self, stripe, customer_api, product, order, fsck
    ):
        pk = start(customer_api, order).json()["payment_id"]
        answer = customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}&outcome=canceled")
        assert answer.json()["status"] == "canceled"
        assert stripe.session_of(pk)["status"] == "expired"
        assert not pay(stripe, pk)
        assert stock(product) == (10, 0)
        fsck()

    def test_a_paid_payment_cannot_be_canceled(self, stripe, customer_api, order, fsck):
        pay(stripe, start(customer_api, order).json()["payment_id"])
        answer = customer_api.post(f"/api/v1/payments/confirm?order_id={order.pk}&outcome=canceled")
        assert answer.json()["status"] == Order.Status.PAID
        fsck()
