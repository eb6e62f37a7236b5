"""Staff pack, ship, deliver, cancel and refund on the pages of the back office."""

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
from tests import factories
from tests.office import Form, office_of, url
from tests.orders.conftest import PARCEL

pytestmark = pytest.mark.django_db
LIST = url(Order, "changelist")
STEPS = ("pack", "ship", "deliver", "parcel", "cancel", "refund")
FILLED = PARCEL | {"reason": "x", "key": "12345678"}


@pytest.fixture(autouse=True)
def _correct(fsck):
    yield
    fsck()


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def page_of(order: Order, step: str) -> str:
    return url(Order, "change", order.pk).replace("/change/", f"/{step}/")


def take(office: Client, order: Order, step: str, **typed: str):
    return Form(office, page_of(order, step)).send(**typed)


def stored(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def offered(office: Client, order: Order) -> list[str]:
    page = office.get(url(Order, "change", order.pk)).content.decode()
    ways = ('href="{}"', 'formaction="../{}/"')
    return [s for s in STEPS if ways[0].format(page_of(order, s)) in page or ways[1].format(s) in page]


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_an_order_is_packed_shipped_and_delivered(office, paid):
    for step, typed, fulfilment in (
        ("pack", {}, "packed"),
        ("ship", PARCEL, "shipped"),
        ("deliver", {}, "delivered"),
    ):
        response = take(office, paid, step, **typed)
        assert response["Location"] == url(Order, "change", paid.pk)
        assert said(response) == [f"The order is {fulfilment}."]
        assert stored(paid).fulfilment == fulfilment
    assert stored(paid).tracking == PARCEL
    assert OutboxMessage.objects.filter(kind="order_shipped").count() == 1


def test_packed_and_delivered_are_one_click_from_the_orders_page(office, paid):
    def click(step: str) -> str:
        assert f'formaction="../{step}/"' in office.get(url(Order, "change", paid.pk)).content.decode()
        assert office.post(page_of(paid, step))["Location"] == url(Order, "change", paid.pk)
        return stored(paid).fulfilment

    assert click("pack") == "packed"
    take(office, paid, "ship", **PARCEL)
    assert click("deliver") == "delivered"


def test_only_the_steps_that_are_possible_are_offered(office, paid, customer, product):
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


def test_looking_at_a_step_changes_nothing(office, paid):
    for step in STEPS:
        assert office.get(page_of(paid, step)).status_code == 200
    assert stored(paid).as_dict() == paid.as_dict()
    assert not Refund.objects.exists()


def test_a_refusal_is_shown_where_it_was_asked_for(office, paid):
    form = Form(office, page_of(paid, "cancel"))
    take(office, paid, "ship", **PARCEL)
    response = form.send()
    assert "This order is already shipped." in response.content.decode()
    assert stored(paid).fulfilment == "shipped"


def test_a_bad_parcel_is_refused_beside_its_field(office, paid):
    response = take(office, paid, "ship", **PARCEL | {"tracking_url": "javascript:alert(1)"})
    assert "Give an address that begins with https://." in response.content.decode()
    assert stored(paid).fulfilment == "unfulfilled"


def test_a_wrong_tracking_number_is_corrected(office, paid, staff):
    take(office, paid, "ship", **PARCEL)
    form = Form(office, page_of(paid, "parcel"))
    assert {name: form.fields[name] for name in PARCEL} == PARCEL
    assert said(form.send(tracking_number="1Z000")) == ["The parcel is corrected."]
    assert stored(paid).tracking == PARCEL | {"tracking_number": "1Z000"}
    assert OutboxMessage.objects.filter(kind="order_shipped").count() == 2
    page = office.get(url(Order, "change", paid.pk)).content.decode()
    assert "<strong>Parcel corrected</strong>" in page
    assert "1Z000" in page


def test_cancel_and_refund(office, paid):
    assert said(take(office, paid, "cancel")) == ["The order is canceled."]
    order = stored(paid)
    assert (order.fulfilment, order.refund_status, order.refund_requested) == (
        "canceled",
        "full",
        order.total,
    )


def test_part_of_the_money_is_refunded(office, paid, staff):
    response = take(office, paid, "refund", amount="20.50", reason="Scratched <b>")
    assert said(response) == ["The refund is on its way."]
    assert (stored(paid).refund_status, float(stored(paid).refund_requested)) == ("partial", 20.5)
    page = office.get(url(Order, "change", paid.pk)).content.decode()
    assert "Scratched &lt;b&gt;" in page
    assert staff.email in page


def test_a_double_click_refunds_once(office, paid):
    form = Form(office, page_of(paid, "refund"))
    for _ in range(2):
        assert form.send(amount="20", reason="Scratched").status_code == 302
    assert (Refund.objects.count(), stored(paid).refund_requested) == (1, 20)


def test_the_page_opened_anew_is_another_refund(office, paid):
    for _ in range(2):
        take(office, paid, "refund", amount="20", reason="Scratched")
    assert stored(paid).refund_requested == 40


def test_a_refund_that_is_refused_can_be_corrected_on_the_spot(office, paid):
    form = Form(office, page_of(paid, "refund"))
    assert "That is more than is left to refund." in form.send(amount="999", reason="x").content.decode()
    assert form.send(amount="9.99", reason="x").status_code == 302
    assert float(stored(paid).refund_requested) == 9.99


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "NaN", "1e400", "ten"])
def test_a_bad_amount_refunds_nothing(office, paid, amount):
    assert take(office, paid, "refund", amount=amount, reason="x").status_code == 200
    assert not Refund.objects.exists()


def test_several_are_packed_at_once_and_every_refusal_is_named(office, paid, customer, product):
    pending = factories.order(customer, (product, 1))
    chosen = [str(order.pk) for order in (paid, pending)]
    response = office.post(LIST, {"action": "pack_chosen", "_selected_action": chosen})
    assert sorted(said(response)) == sorted(
        ["Packed: 1", f"{pending.number}: This order is pending. Only a paid order can be packed."]
    )
    assert stored(paid).fulfilment == "packed"


def test_several_are_delivered_at_once(office, paid):
    take(office, paid, "ship", **PARCEL)
    office.post(LIST, {"action": "deliver_chosen", "_selected_action": [str(paid.pk)]})
    assert stored(paid).fulfilment == "delivered"


def test_the_page_tells_who_did_what(office, paid, staff, customer):
    take(office, paid, "ship", **PARCEL)
    take(office, paid, "refund", reason="Lost")
    outbox.deliver_due()
    page = office.get(url(Order, "change", paid.pk)).content.decode()
    happened = page[page.index("What happened") :]
    steps = ("Placed", "Paid", "Shipped", "Refund asked for", "Refund sent")
    places = [happened.index(f"<strong>{step}</strong>") for step in steps]
    assert places == sorted(places)
    for text in (staff.email, customer.email, "The shop", "1Z999", "reason: Lost"):
        assert text in happened


def test_the_list_finds_by_fulfilment_and_refund(office, paid, customer, product):
    factories.order(customer, (product, 1))
    take(office, paid, "ship", **PARCEL)
    take(office, paid, "refund", amount="1", reason="x")
    for filters in ("fulfilment__exact=shipped", "refund_status__exact=partial"):
        found = office.get(f"{LIST}?{filters}").context["cl"].result_list
        assert [order.pk for order in found] == [paid.pk]


@pytest.mark.parametrize("step", STEPS)
class TestWho:
    def test_customers_are_sent_to_sign_in(self, paid, customer, step):
        client = office_of(customer)
        for response in (client.get(page_of(paid, step)), client.post(page_of(paid, step), {"reason": "x"})):
            assert response.status_code == 302
            assert "/admin/login/" in response["Location"]
        assert stored(paid).as_dict() == paid.as_dict()

    def test_a_post_from_elsewhere_is_refused(self, paid, staff, step):
        client = Client(enforce_csrf_checks=True)
        client.force_login(staff)
        assert client.post(page_of(paid, step), FILLED).status_code == 403
        assert stored(paid).as_dict() == paid.as_dict()

    @pytest.mark.parametrize("key", ["nonsense", "0" * 24, "1", "é"])
    def test_an_order_that_is_not_there(self, office, step, key):
        for send_it in (office.get, office.post):
            assert send_it(url(Order, "change", key).replace("/change/", f"/{step}/")).status_code == 302


class TestRefunds:
    @pytest.fixture
    def failed(self, paid):
        refund = refund_order(order=paid, key="r1", reason="Scratched")
        Refund.objects.filter(pk=refund.pk).update(status="failed")
        return refund

    def test_a_failed_one_is_sent_again(self, office, failed, staff):
        chosen = {"action": "send_again", "_selected_action": [str(failed.pk)]}
        assert said(office.post(url(Refund, "changelist"), chosen)) == ["1 will be sent again."]
        outbox.deliver_due()
        assert Refund.objects.get().status == "refunded"
        assert AuditEntry.objects.get(action="order.refund_again").actor == staff.email

    def test_one_that_has_gone_back_is_not(self, office, paid):
        done = send(refund_order(order=paid, key="r1"))
        chosen = {"action": "send_again", "_selected_action": [str(done.pk)]}
        assert said(office.post(url(Refund, "changelist"), chosen)) == ["0 will be sent again."]
        assert not AuditEntry.objects.filter(action="order.refund_again").exists()

    @pytest.mark.parametrize("model", [Payment, Refund])
    def test_payments_and_refunds_are_found_by_their_orders_number(self, office, paid, customer, model):
        other = factories.order(customer, (factories.product(), 1))
        confirm(other, outcome="success", by=customer)
        for order in (paid, other):
            refund_order(order=order, key=str(order.pk))
        found = office.get(url(model, "changelist"), {"q": paid.number.lower()})
        assert len(found.context["cl"].result_list) == 1
        assert paid.number in found.content.decode()


def test_a_member_of_staff_without_the_right_is_offered_nothing(paid, monkeypatch, support):
    """Whoever may only look: no role may, so support's is narrowed here."""
    monkeypatch.setitem(roles.MAY, "support", frozenset({"orders.view_order"}))
    client = office_of(support)
    assert offered(client, paid) == []
    for step in STEPS:
        assert client.post(page_of(paid, step), FILLED).status_code == 403
    assert stored(paid).as_dict() == paid.as_dict()
