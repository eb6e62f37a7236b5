"""Packing, shipping and delivering a paid order through the API."""

from threading import Barrier

import pytest

from ecommerce.core import audit
from ecommerce.core.models import AuditEntry, OutboxMessage
from orders.models import Order
from payments.refunds import refund_order
from tests.orders.conftest import PARCEL
from tests.support import factories
from tests.support.answers import refused
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
STEPS = ("pack", "ship", "deliver")


@pytest.fixture(autouse=True)
def _keeps_every_invariant(fsck):
    yield
    fsck()


@pytest.fixture
def step(staff_api):
    def take(order, name, body=PARCEL):
        return staff_api.post(f"/api/v1/admin/orders/{order.pk}/{name}", body if name == "ship" else None)

    return take


def stored(order):
    return Order.objects.get(pk=order.pk)


def parcels():
    return OutboxMessage.objects.filter(kind="order_shipped").count()


def test_an_order_is_packed_shipped_and_delivered(step, paid):
    assert step(paid, "pack").json()["fulfilment"] == "packed"
    shipped = step(paid, "ship").json()
    assert (shipped["fulfilment"], shipped["tracking"], shipped["status"]) == ("shipped", PARCEL, "paid")
    assert step(paid, "deliver").json()["fulfilment"] == "delivered"
    order = stored(paid)
    assert order.paid_at <= order.packed_at <= order.shipped_at <= order.delivered_at


def test_packing_and_the_tracking_address_are_optional(step, paid):
    answer = step(paid, "ship", {"carrier": " DHL ", "tracking_number": "JJD1"})
    assert answer.json()["tracking"] == {"carrier": "DHL", "tracking_number": "JJD1", "tracking_url": ""}


@pytest.mark.parametrize("name", STEPS)
def test_a_repeat_gets_the_same_answer_and_changes_nothing(step, paid, name):
    for earlier in STEPS[: STEPS.index(name)]:
        step(paid, earlier)
    first = step(paid, name)
    entries, mails = AuditEntry.objects.count(), parcels()
    again = step(paid, name)
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert (AuditEntry.objects.count(), parcels()) == (entries, mails)


def test_shipping_again_with_another_parcel_is_refused(step, paid):
    step(paid, "ship")
    other = step(paid, "ship", PARCEL | {"tracking_number": "2Z"})
    refused(other, 409, "This order was already shipped with another parcel.")
    assert (stored(paid).tracking_number, parcels()) == ("1Z999", 1)


@pytest.mark.parametrize(
    ("earlier_steps", "name", "message"),
    [
        ((), "deliver", "This order is not shipped yet."),
        (("pack",), "deliver", "This order is not shipped yet."),
        (("ship",), "pack", "This order is already shipped."),
        (("ship", "deliver"), "ship", "This order is already delivered."),
        (("ship", "deliver"), "pack", "This order is already delivered."),
        (("cancel",), "pack", "This order is already canceled."),
        (("cancel",), "ship", "This order is already canceled."),
        (("cancel",), "deliver", "This order is already canceled."),
    ],
)
def test_a_step_in_the_wrong_order_is_refused(step, paid, earlier_steps, name, message):
    for earlier in earlier_steps:
        assert step(paid, earlier).status_code == 200
    before = stored(paid).as_dict()
    refused(step(paid, name), 409, message)
    assert stored(paid).as_dict() == before


@pytest.mark.parametrize("name", STEPS)
def test_an_unpaid_order_is_refused(step, customer, product, name):
    order = factories.order(customer, (product, 1))
    answer = refused(step(order, name), 409)
    assert answer["detail"].startswith("This order is pending. Only a paid order can be ")
    assert stored(order).fulfilment == "unfulfilled"


@pytest.mark.parametrize("name", ["pack", "ship"])
def test_an_order_refunded_in_full_is_not_shipped(step, paid, staff, name):
    refund_order(order=paid, key="r1", by=staff)
    answer = refused(step(paid, name), 409)
    assert answer["detail"].startswith("This order was refunded in full.")
    assert stored(paid).fulfilment == "unfulfilled"


def test_an_order_refunded_in_part_is_shipped(step, paid, staff):
    refund_order(order=paid, key="r1", by=staff, amount=paid.total - 1)
    assert step(paid, "ship").status_code == 200


@pytest.mark.parametrize("name", STEPS)
class TestAccess:
    def test_a_request_without_a_token_is_a_401(self, api, paid, name):
        refused(api.post(f"/api/v1/admin/orders/{paid.pk}/{name}", PARCEL), 401)

    def test_a_customer_gets_a_403(self, customer_api, paid, name):
        refused(customer_api.post(f"/api/v1/admin/orders/{paid.pk}/{name}", PARCEL), 403)
        assert stored(paid).fulfilment == "unfulfilled"

    @pytest.mark.parametrize("pk", ["0" * 24, "nonsense", "1", "%00", "é", "💡"])
    def test_an_unknown_or_malformed_id_is_not_found(self, staff_api, name, pk):
        refused(staff_api.post(f"/api/v1/admin/orders/{pk}/{name}", PARCEL), 404, "Order not found")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("carrier", ""),
        ("carrier", None),
        ("carrier", "x" * 101),
        ("carrier", "a\0b"),
        ("carrier", "\ud800"),
        ("carrier", {"a": 1}),
        ("tracking_number", " "),
        ("tracking_number", []),
        ("tracking_url", "javascript:alert(1)"),
        ("tracking_url", "ftp://example.com/1"),
        ("tracking_url", "//example.com"),
        ("tracking_url", "https://"),
        ("tracking_url", "https://example.com/" + "x" * 2000),
    ],
)
def test_an_invalid_parcel_is_refused_and_nothing_is_shipped(step, paid, field, value):
    refused(step(paid, "ship", PARCEL | {field: value}), 400, field=field)
    assert (stored(paid).fulfilment, parcels()) == ("unfulfilled", 0)


def test_each_step_has_an_audit_entry_with_its_actor(step, paid, staff):
    for name in STEPS:
        step(paid, name)
    entries = list(audit.entries_of(paid))
    assert [entry.action for entry in entries] == ["order.pay", "order.pack", "order.ship", "order.deliver"]
    shipped = entries[2]
    assert (shipped.actor, shipped.actor_id, shipped.object_label) == (staff.email, staff.pk, paid.number)
    assert shipped.before == {"fulfilment": "packed"}
    assert shipped.after == {"fulfilment": "shipped", **PARCEL}
    assert entries[0].actor == ""


def test_twenty_concurrent_requests_ship_once_and_send_one_mail(step, paid):
    answers = at_once(20, lambda: step(paid, "ship").status_code)
    assert answers == [200] * 20
    assert AuditEntry.objects.filter(action="order.ship").count() == parcels() == 1


def test_of_twenty_concurrent_parcels_one_is_shipped(step, paid):
    numbers = [str(number) for number in range(20)]
    answers = at_once(20, lambda: step(paid, "ship", PARCEL | {"tracking_number": numbers.pop()}).status_code)
    assert sorted(answers) == [200] + [409] * 19
    [mail] = OutboxMessage.objects.filter(kind="order_shipped")
    assert mail.payload["tracking"] == stored(paid).tracking_number


class TestCorrectParcel:
    RIGHT = PARCEL | {"tracking_number": "2Z"}

    @pytest.fixture
    def correct(self, staff_api):
        def send(order, body=self.RIGHT):
            return staff_api.post(f"/api/v1/admin/orders/{order.pk}/correct-parcel", body)

        return send

    def test_the_parcel_of_a_shipped_order_is_replaced_and_another_mail_is_sent(
        self, step, correct, paid, staff
    ):
        step(paid, "ship")
        answer = correct(paid)
        assert (answer.status_code, answer.json()["tracking"]) == (200, self.RIGHT)
        mail = OutboxMessage.objects.filter(kind="order_shipped").order_by("created_at").last()
        assert (parcels(), mail.payload["tracking"]) == (2, "2Z")
        entry = AuditEntry.objects.get(action="order.correct_parcel")
        assert (entry.actor, entry.before, entry.after) == (staff.email, PARCEL, self.RIGHT)

    def test_a_repeat_changes_nothing_and_sends_no_mail(self, step, correct, paid):
        step(paid, "ship")
        assert correct(paid, PARCEL).status_code == 200
        assert (parcels(), AuditEntry.objects.filter(action="order.correct_parcel").count()) == (1, 0)

    def test_concurrent_requests_correct_it_once(self, step, correct, paid):
        step(paid, "ship")
        answers = at_once(4, lambda: correct(paid).status_code)
        assert answers == [200] * 4
        assert (parcels(), AuditEntry.objects.filter(action="order.correct_parcel").count()) == (2, 1)

    def test_naive_code_corrects_it_several_times(self, step, paid, staff):
        """The negative control of the test above."""
        step(paid, "ship")
        all_have_read = Barrier(4)

        def naive() -> None:
            before = stored(paid).tracking
            all_have_read.wait()
            Order.objects.filter(pk=paid.pk).update(**self.RIGHT)
            audit.record(
                actor=staff, action="order.correct_parcel", obj=paid, before=before, after=self.RIGHT
            )

        at_once(4, naive)
        assert AuditEntry.objects.filter(action="order.correct_parcel").count() == 4

    def test_only_an_order_on_its_way_can_be_corrected(self, step, correct, paid):
        refused(correct(paid), 409, "This order is not shipped yet.")
        step(paid, "ship")
        step(paid, "deliver")
        refused(correct(paid), 409, "This order is already delivered.")
        assert stored(paid).tracking == PARCEL

    def test_an_invalid_parcel_is_refused(self, step, correct, paid):
        step(paid, "ship")
        answer = correct(paid, PARCEL | {"tracking_url": "javascript:alert(1)"})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["tracking_url"])
        assert stored(paid).tracking == PARCEL
