"""The steps that staff take in the admin: pack, ship, deliver, cancel and refund."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts import roles
from accounts.models import User
from ecommerce.core.models import AuditEntry, OutboxMessage
from ecommerce.core.outbox import queue as outbox
from orders.models import Order
from payments.models import Payment, Refund
from payments.refunds import refund_order, send
from payments.services import confirm
from tests.orders.conftest import PARCEL
from tests.support import factories
from tests.support.admin_pages import Form, office_of, url

pytestmark = pytest.mark.django_db
LIST = url(Order, "changelist")
STEPS = ("pack", "ship", "deliver", "parcel", "cancel", "refund")
FIELDS = PARCEL | {"reason": "x", "key": "12345678"}


@pytest.fixture(autouse=True)
def _keeps_every_invariant(fsck):
    yield
    fsck()


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def page_of(order: Order, step: str) -> str:
    return url(Order, "change", order.pk).replace("/change/", f"/{step}/")


def take(office: Client, order: Order, step: str, **fields: str):
    return Form(office, page_of(order, step)).send(**fields)


def stored(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def offered(office: Client, order: Order) -> list[str]:
    page = office.get(url(Order, "change", order.pk)).content.decode()
    return [
        step
        for step in STEPS
        if f'href="{page_of(order, step)}"' in page or f'formaction="../{step}/"' in page
    ]


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_an_order_is_packed_shipped_and_delivered(office, paid):
    for step, fields, fulfilment in (
        ("pack", {}, "packed"),
        ("ship", PARCEL, "shipped"),
        ("deliver", {}, "delivered"),
    ):
        response = take(office, paid, step, **fields)
        assert response["Location"] == url(Order, "change", paid.pk)
        assert messages_of(response) == [f"The order is {fulfilment}."]
        assert stored(paid).fulfilment == fulfilment
    assert stored(paid).tracking == PARCEL
    assert OutboxMessage.objects.filter(kind="order_shipped").count() == 1


def test_packing_and_delivering_take_one_click_on_the_orders_page(office, paid):
    def click(step: str) -> str:
        assert f'formaction="../{step}/"' in office.get(url(Order, "change", paid.pk)).content.decode()
        assert office.post(page_of(paid, step))["Location"] == url(Order, "change", paid.pk)
        return stored(paid).fulfilment

    assert click("pack") == "packed"
    take(office, paid, "ship", **PARCEL)
    assert click("deliver") == "delivered"


def test_only_possible_steps_are_offered(office, paid, customer, product):
    assert offered(office, paid) == ["pack", "ship", "cancel", "refund"]
    take(office, paid, "pack")
    assert offered(office, paid) == ["ship", "cancel", "refund"]
    take(office, paid, "ship", **PARCEL)
    assert offered(office, paid) == ["deliver", "parcel", "refund"]
    take(office, paid, "refund", reason="Lost")
    assert offered(office, paid) == ["deliver", "parcel"]
    take(office, paid, "deliver")
    assert offered(office, paid) == []
    assert offered(office, factories.order(customer, (product, 1))) == ["cancel"]


def test_opening_a_step_changes_nothing(office, paid):
    for step in STEPS:
        assert office.get(page_of(paid, step)).status_code == 200
    assert stored(paid).as_dict() == paid.as_dict()
    assert not Refund.objects.exists()


def test_a_refusal_is_shown_in_the_form(office, paid):
    form = Form(office, page_of(paid, "cancel"))
    take(office, paid, "ship", **PARCEL)
    response = form.send()
    assert "This order is already shipped." in response.content.decode()
    assert stored(paid).fulfilment == "shipped"


def test_an_invalid_parcel_is_refused_beside_its_field(office, paid):
    response = take(office, paid, "ship", **PARCEL | {"tracking_url": "javascript:alert(1)"})
    assert "Give an address that begins with https://." in response.content.decode()
    assert stored(paid).fulfilment == "unfulfilled"


def test_a_wrong_tracking_number_is_corrected(office, paid, staff):
    take(office, paid, "ship", **PARCEL)
    form = Form(office, page_of(paid, "parcel"))
    assert {name: form.fields[name] for name in PARCEL} == PARCEL
    assert messages_of(form.send(tracking_number="1Z000")) == ["The parcel is corrected."]
    assert stored(paid).tracking == PARCEL | {"tracking_number": "1Z000"}
    assert OutboxMessage.objects.filter(kind="order_shipped").count() == 2
    page = office.get(url(Order, "change", paid.pk)).content.decode()
    assert "<strong>Parcel corrected</strong>" in page
    assert "1Z000" in page


def test_cancel_and_refund(office, paid):
    assert messages_of(take(office, paid, "cancel")) == ["The order is canceled."]
    order = stored(paid)
    assert (order.fulfilment, order.refund_status, order.refund_requested) == (
        "canceled",
        "full",
        order.total,
    )


def test_a_partial_refund(office, paid, staff):
    response = take(office, paid, "refund", amount="20.50", reason="Scratched <b>")
    assert messages_of(response) == ["The refund is on its way."]
    assert (stored(paid).refund_status, float(stored(paid).refund_requested)) == ("partial", 20.5)
    page = office.get(url(Order, "change", paid.pk)).content.decode()
    assert "Scratched &lt;b&gt;" in page
    assert staff.email in page


def test_a_double_click_refunds_once(office, paid):
    form = Form(office, page_of(paid, "refund"))
    for _ in range(2):
        assert form.send(amount="20", reason="Scratched").status_code == 302
    assert (Refund.objects.count(), stored(paid).refund_requested) == (1, 20)


def test_opening_the_page_again_makes_another_refund(office, paid):
    for _ in range(2):
        take(office, paid, "refund", amount="20", reason="Scratched")
    assert stored(paid).refund_requested == 40


def test_a_refused_refund_can_be_corrected_in_the_form(office, paid):
    form = Form(office, page_of(paid, "refund"))
    assert "That is more than is left to refund." in form.send(amount="999", reason="x").content.decode()
    assert form.send(amount="9.99", reason="x").status_code == 302
    assert float(stored(paid).refund_requested) == 9.99


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "NaN", "1e400", "ten"])
def test_an_invalid_amount_is_refused(office, paid, amount):
    assert take(office, paid, "refund", amount=amount, reason="x").status_code == 200
    assert not Refund.objects.exists()


def test_several_orders_are_packed_together_and_every_refusal_is_named(office, paid, customer, product):
    pending = factories.order(customer, (product, 1))
    chosen = [str(order.pk) for order in (paid, pending)]
    response = office.post(LIST, {"action": "pack_chosen", "_selected_action": chosen})
    assert sorted(messages_of(response)) == sorted(
        ["Packed: 1", f"{pending.number}: This order is pending. Only a paid order can be packed."]
    )
    assert stored(paid).fulfilment == "packed"


def test_several_orders_are_delivered_together(office, paid):
    take(office, paid, "ship", **PARCEL)
    office.post(LIST, {"action": "deliver_chosen", "_selected_action": [str(paid.pk)]})
    assert stored(paid).fulfilment == "delivered"


def test_the_page_shows_who_did_what(office, paid, staff, customer):
    take(office, paid, "ship", **PARCEL)
    take(office, paid, "refund", reason="Lost")
    outbox.deliver_due()
    page = office.get(url(Order, "change", paid.pk)).content.decode()
    happened = page[page.index("What happened") :]
    steps = ("Placed", "Paid", "Shipped", "Refund requested", "Refund sent")
    places = [happened.index(f"<strong>{step}</strong>") for step in steps]
    assert places == sorted(places)
    for text in (staff.email, customer.email, "The shop", "1Z999", "reason: Lost"):
        assert text in happened


def test_the_list_is_filtered_by_fulfilment_and_refund(office, paid, customer, product):
    factories.order(customer, (product, 1))
    take(office, paid, "ship", **PARCEL)
    take(office, paid, "refund", amount="1", reason="x")
    for filters in ("fulfilment__exact=shipped", "refund_status__exact=partial"):
        page = office.get(f"{LIST}?{filters}").context["cl"].result_list
        assert [order.pk for order in page] == [paid.pk]


@pytest.mark.parametrize("step", STEPS)
class TestAccess:
    def test_customers_are_redirected_to_sign_in(self, paid, customer, step):
        client = office_of(customer)
        for response in (client.get(page_of(paid, step)), client.post(page_of(paid, step), {"reason": "x"})):
            assert response.status_code == 302
            assert "/admin/login/" in response["Location"]
        assert stored(paid).as_dict() == paid.as_dict()

    def test_a_post_without_a_csrf_token_is_refused(self, paid, staff, step):
        client = Client(enforce_csrf_checks=True)
        client.force_login(staff)
        assert client.post(page_of(paid, step), FIELDS).status_code == 403
        assert stored(paid).as_dict() == paid.as_dict()

    @pytest.mark.parametrize("key", ["nonsense", "0" * 24, "1", "é"])
    def test_an_unknown_order_redirects(self, office, step, key):
        for send_it in (office.get, office.post):
            assert send_it(url(Order, "change", key).replace("/change/", f"/{step}/")).status_code == 302


class TestRefunds:
    @pytest.fixture
    def failed(self, paid):
        refund = refund_order(order=paid, key="r1", reason="Scratched")
        Refund.objects.filter(pk=refund.pk).update(status="failed")
        return refund

    def test_a_failed_refund_is_sent_again(self, office, failed, staff):
        chosen = {"action": "send_again", "_selected_action": [str(failed.pk)]}
        assert messages_of(office.post(url(Refund, "changelist"), chosen)) == ["1 will be sent again."]
        outbox.deliver_due()
        assert Refund.objects.get().status == "refunded"
        assert AuditEntry.objects.get(action="order.refund_again").actor == staff.email

    def test_a_completed_refund_is_not_sent_again(self, office, paid):
        done = send(refund_order(order=paid, key="r1"))
        chosen = {"action": "send_again", "_selected_action": [str(done.pk)]}
        assert messages_of(office.post(url(Refund, "changelist"), chosen)) == ["0 will be sent again."]
        assert not AuditEntry.objects.filter(action="order.refund_again").exists()

    @pytest.mark.parametrize("model", [Payment, Refund])
    def test_payments_and_refunds_are_found_by_order_number(self, office, paid, customer, model):
        other = factories.order(customer, (factories.product(), 1))
        confirm(other, outcome="success", by=customer)
        for order in (paid, other):
            refund_order(order=order, key=str(order.pk))
        page = office.get(url(model, "changelist"), {"q": paid.number.lower()})
        assert len(page.context["cl"].result_list) == 1
        assert paid.number in page.content.decode()


def test_a_staff_member_without_the_permission_is_offered_no_step(paid, monkeypatch, support):
    """No role may only view orders, so the role of support is narrowed here."""
    monkeypatch.setitem(roles.ROLE_PERMISSIONS, "support", frozenset({"orders.view_order"}))
    client = office_of(support)
    assert offered(client, paid) == []
    for step in STEPS:
        assert client.post(page_of(paid, step), FIELDS).status_code == 403
    assert stored(paid).as_dict() == paid.as_dict()
