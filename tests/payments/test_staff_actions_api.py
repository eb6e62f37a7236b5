"""Staff cancel and refund over the API."""

from decimal import Decimal

import pytest

from catalog.services import delete_product
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry, OutboxMessage
from ecommerce.core.outbox import queue as outbox
from orders.models import Order
from payments.models import Refund
from payments.services import confirm
from tests.orders import conftest as orders
from tests.orders.conftest import PARCEL
from tests.payments.helpers import stock
from tests.support import factories
from tests.support.answers import refused
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
paid = orders.paid  # a fixture
REASON = {"reason": "Scratched"}


@pytest.fixture(autouse=True)
def _correct(fsck):
    yield
    fsck()
    outbox.deliver_due()
    fsck()


@pytest.fixture
def act(staff_api):
    """Return a function that posts a staff action on an order."""

    def post(order, name, body=None, key=None):
        headers = {} if key is None else {"headers": {"Idempotency-Key": key}}
        pk = getattr(order, "pk", order)
        return staff_api.post(f"/api/v1/admin/orders/{pk}/{name}", body, **headers)

    return post


def stored(order):
    return Order.objects.get(pk=order.pk)


class TestCancel:
    def test_a_pending_order_is_canceled(self, act, staff, customer, product):
        order = factories.order(customer, (product, 1))
        answer = act(order, "cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
        [entry] = audit.entries_of(order)
        assert (entry.action, entry.actor, entry.after) == (
            "order.cancel",
            staff.email,
            {"status": "canceled"},
        )

    def test_a_paid_order_is_refunded_and_restocked(self, act, paid, product):
        assert stock(product) == (7, 0)
        answer = act(paid, "cancel").json()
        assert (answer["status"], answer["fulfilment"]) == ("paid", "canceled")
        assert (answer["refund_status"], answer["refunded"]) == ("full", 239.97)
        assert stock(product) == (10, 0)
        outbox.deliver_due()
        assert stored(paid).refund_completed == paid.total
        assert OutboxMessage.objects.filter(kind="order_refunded").count() == 1

    def test_a_packed_order_can_be_canceled(self, act, paid, product):
        act(paid, "pack")
        assert act(paid, "cancel").json()["fulfilment"] == "canceled"
        assert stock(product) == (10, 0)

    def test_only_the_rest_of_the_money_is_refunded(self, act, paid):
        act(paid, "refund", REASON | {"amount": 39.97})
        act(paid, "cancel")
        amounts = Refund.objects.order_by("created_at").values_list("amount", flat=True)
        assert list(amounts) == [Decimal("39.97"), Decimal("200.00")]

    @pytest.mark.parametrize("restock", [True, False])
    def test_a_fully_refunded_order_is_restocked_once(self, act, paid, product, restock):
        act(paid, "refund", REASON | {"restock": restock})
        assert act(paid, "cancel").json()["fulfilment"] == "canceled"
        assert (stock(product), Refund.objects.count()) == ((10, 0), 1)

    def test_a_deleted_product_is_not_restocked(self, act, paid, product):
        delete_product(pk=product.pk)
        assert act(paid, "cancel").json()["fulfilment"] == "canceled"

    @pytest.mark.parametrize("pay", [True, False])
    def test_a_repeat_gets_the_same_response_and_changes_nothing(self, act, customer, product, pay):
        order = factories.order(customer, (product, 3))
        if pay:
            confirm(order, outcome="success", by=customer)
        first, entries = act(order, "cancel"), AuditEntry.objects.count()
        repeated = act(order, "cancel")
        assert (repeated.status_code, repeated.json()) == (200, first.json())
        assert (AuditEntry.objects.count(), stock(product)) == (entries, (10, 0))

    @pytest.mark.parametrize(
        ("steps", "sentence"),
        [
            (("ship",), "This order is already shipped."),
            (("ship", "deliver"), "This order is already delivered."),
        ],
    )
    def test_a_shipped_order_is_refused(self, act, paid, product, steps, sentence):
        for step in steps:
            act(paid, step, PARCEL)
        refused(act(paid, "cancel"), 409, sentence)
        assert (stock(product), Refund.objects.count()) == ((7, 0), 0)

    def test_a_failed_order_is_refused(self, act, customer, product):
        order = factories.order(customer, (product, 1))
        confirm(order, outcome="failure", by=customer)
        refused(act(order, "cancel"), 409, "This order is failed. There is nothing to cancel.")


class TestRefund:
    def test_without_an_amount_the_refund_is_full(self, act, paid, staff, product):
        answer = act(paid, "refund", REASON)
        assert answer.status_code == 200
        shown = {name: answer.json()[name] for name in ("status", "refund_status", "refunded", "fulfilment")}
        assert shown == {
            "status": "paid",
            "refund_status": "full",
            "refunded": 239.97,
            "fulfilment": "unfulfilled",
        }
        assert stock(product) == (7, 0)
        entry = audit.entries_of(paid).get(action="order.refund")
        assert (entry.actor, entry.after["amount"]) == (staff.email, 239.97)
        assert (entry.before, entry.after["refunded"]) == ({"refunded": 0.0}, 239.97)

    def test_partial_refunds_add_up_to_a_full_refund(self, act, paid):
        answer = act(paid, "refund", REASON | {"amount": "20.50"}).json()
        assert (answer["refund_status"], answer["refunded"]) == ("partial", 20.5)
        answer = act(paid, "refund", REASON | {"amount": 219.47, "restock": True}).json()
        assert (answer["refund_status"], answer["refunded"]) == ("full", 239.97)

    def test_a_full_refund_can_restock_the_items(self, act, paid, product):
        act(paid, "refund", REASON | {"restock": True})
        assert stock(product) == (10, 0)

    def test_a_partial_refund_cannot_restock(self, act, paid, product):
        answer = act(paid, "refund", REASON | {"amount": 1, "restock": True})
        assert refused(answer, 409)["code"] == "restock_needs_all"
        assert (stock(product), Refund.objects.count()) == ((7, 0), 0)

    def test_a_delivered_order_can_be_refunded(self, act, paid):
        for step in ("ship", "deliver"):
            act(paid, step, PARCEL)
        assert act(paid, "refund", REASON).json()["refund_status"] == "full"
        assert stored(paid).fulfilment == "delivered"

    def test_a_repeated_key_returns_the_same_refund(self, act, paid):
        wanted = REASON | {"amount": 10}
        first, repeated = (act(paid, "refund", wanted, key="click") for _ in range(2))
        assert first.json() == repeated.json()
        assert Refund.objects.count() == 1
        refused(act(paid, "refund", REASON | {"amount": 11}, key="click"), 422)
        assert stored(paid).refund_requested == 10

    def test_without_a_key_every_request_is_another_refund(self, act, paid):
        for _ in range(2):
            act(paid, "refund", REASON | {"amount": 10})
        assert stored(paid).refund_requested == 20

    def test_two_staff_members_can_use_the_same_key(self, act, paid, customer, product, stranger):
        """Neither another's key nor a word that the shop itself uses stands in the way of a refund."""
        act(paid, "refund", REASON | {"amount": 10}, key=f"cancel:{paid.pk}")
        act(paid, "cancel")
        assert stored(paid).refund_status == "full"

    def test_a_malformed_key_is_refused(self, act, paid):
        refused(act(paid, "refund", REASON, key="a b"), 400)
        assert not Refund.objects.exists()

    def test_more_than_is_left_is_refused(self, act, paid):
        act(paid, "refund", REASON | {"amount": 200})
        refused(act(paid, "refund", REASON | {"amount": 39.98}), 409, "That is more than is left to refund.")
        act(paid, "refund", REASON)
        refused(act(paid, "refund", REASON), 409, "This order was refunded in full.")

    def test_an_unpaid_order_has_nothing_to_refund(self, act, customer, product):
        order = factories.order(customer, (product, 1))
        refused(act(order, "refund", REASON), 409, "This order has no payment to refund.")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("amount", value) for value in (0, -1, "1.001", 1e400, "NaN", "", [], "ten", 10**13)),
            *(("reason", value) for value in ("", None, "x" * 301, "\ud800", "a\0", {})),
            ("restock", "perhaps"),
        ],
    )
    def test_invalid_input_is_refused_and_nothing_is_refunded(self, act, paid, field, value):
        if value == 1e400:
            value = "1e400"
        refused(act(paid, "refund", REASON | {field: value}), 400, field=field)
        assert not Refund.objects.exists()


@pytest.mark.parametrize("name", ["cancel", "refund"])
class TestPermissions:
    def test_an_anonymous_request_gets_a_401(self, api, paid, name):
        refused(api.post(f"/api/v1/admin/orders/{paid.pk}/{name}", REASON), 401)

    def test_the_customer_gets_a_403(self, customer_api, paid, name):
        refused(customer_api.post(f"/api/v1/admin/orders/{paid.pk}/{name}", REASON), 403)
        assert not Refund.objects.exists()

    @pytest.mark.parametrize("pk", ["0" * 24, "nonsense", "1", "%00", "é"])
    def test_an_unknown_or_malformed_id_is_not_found(self, act, name, pk):
        refused(act(pk, name, REASON), 404, "Order not found")


class TestConcurrency:
    def test_twenty_concurrent_cancels_refund_and_restock_once(self, act, paid, product):
        assert at_once(20, lambda: act(paid, "cancel").status_code) == [200] * 20
        assert (stock(product), Refund.objects.count()) == ((10, 0), 1)

    def test_of_shipping_and_canceling_exactly_one_succeeds(self, act, paid, product):
        calls = [("ship", PARCEL), ("cancel", None)] * 5
        answers = at_once(10, lambda: act(paid, *calls.pop()).status_code)
        assert sorted(answers) == [200] * 5 + [409] * 5
        left = {"shipped": ((7, 0), 0), "canceled": ((10, 0), 1)}
        assert (stock(product), Refund.objects.count()) == left[stored(paid).fulfilment]

    def test_shipping_and_a_full_refund_leave_a_consistent_order(self, act, paid):
        calls = [("ship", PARCEL), ("refund", REASON)] * 3
        at_once(6, lambda: act(paid, *calls.pop()).status_code)
        order = stored(paid)
        assert order.refund_status == "full"
        assert order.fulfilment in ("shipped", "unfulfilled")
        shipped = AuditEntry.objects.filter(action="order.ship").count()
        assert shipped == (order.fulfilment == "shipped")

    def test_concurrent_refunds_never_exceed_the_payment(self, act, paid):
        answers = at_once(8, lambda: act(paid, "refund", REASON | {"amount": 100}).status_code)
        assert sorted(answers) == [200] * 2 + [409] * 6
        assert stored(paid).refund_requested == 200

    def test_concurrent_refunds_with_one_key_are_one_refund(self, act, paid):
        wanted = REASON | {"amount": 50}
        answers = at_once(8, lambda: act(paid, "refund", wanted, key="click").json()["refunded"])
        assert answers == [50.0] * 8
        assert Refund.objects.count() == 1

    def test_canceling_and_partial_refunds_add_up_to_a_full_refund(self, act, paid, product):
        calls = [("cancel", None), ("refund", REASON | {"amount": 30})] * 3
        at_once(6, lambda: act(paid, *calls.pop()).status_code)
        assert (stored(paid).refund_requested, stock(product)) == (paid.total, (10, 0))
