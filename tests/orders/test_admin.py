"""The back office's orders: to look at."""

import csv
import io

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.services import delete_product, update_product
from ecommerce.core.db import connection
from orders import search
from orders.models import Order
from tests.support.admin_pages import Form, office_of, url
from tests.support.factories import order as make_order
from tests.support.factories import product as make_product
from tests.support.factories import user as make_user
from tests.support.query_plans import plan_of

pytestmark = pytest.mark.django_db
LIST = url(Order, "changelist")


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def found(office: Client, text: str) -> set[str]:
    return {order.number for order in office.get(LIST, {"q": text}).context["cl"].result_list}


def test_the_list_shows_who_and_how_much(office, customer):
    order = make_order(customer, (make_product(price="1234.50"), 2))
    page = office.get(LIST).content.decode()
    for text in (order.number, customer.email, "$2,469.00", "Pending"):
        assert text in page


def test_the_list_does_not_ask_for_each_row(office):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            office.get(LIST)
        assert asked
        return len(asked)

    make_order(make_user(), (make_product(), 1))
    one = queries()
    for _ in range(4):
        make_order(make_user(), (make_product(), 1))
    assert queries() == one


def test_search_finds_by_number_and_email(office, customer, stranger):
    mine, other = (make_order(user, (make_product(), 1)).number for user in (customer, stranger))
    assert found(office, mine.lower()) == found(office, f" {mine[:6]} ") == {mine}
    assert found(office, "STRANGER@") == found(office, "strang") == {other}
    assert found(office, "") == {mine, other}
    for nothing in (".*", "@", "example.com", "nobody@example.com", "%", "$ne"):
        assert found(office, nothing) == set(), nothing


def test_search_finds_by_what_was_bought(office, customer):
    cup, tea = make_product(name="Café-Tasse, blue"), make_product(name="Green Tea 100 g")
    both, only_tea = (
        make_order(customer, *((each, 1) for each in bought)).number for bought in ((cup, tea), (tea,))
    )
    make_order(customer, (make_product(name="Teapot"), 1))
    assert found(office, "cafe") == found(office, "tass BLUE") == {both}
    assert found(office, "green tea") == found(office, str(tea.pk)) == {both, only_tea}
    assert found(office, "green cafe") == {both}
    assert found(office, "green coffee") == set()


def test_search_finds_what_was_bought_under_its_name_of_then(office, customer):
    tea = make_product(name="Tea")
    number = make_order(customer, (tea, 1)).number
    update_product(pk=tea.pk, name="Infusion")
    assert (found(office, "tea"), found(office, "infusion")) == ({number}, set())
    delete_product(pk=tea.pk)
    assert found(office, "tea") == {number}


def test_an_index_leads_to_what_is_searched_for(customer):
    """Whatever is typed, MongoDB looks at the orders that match and at no other."""
    names = ("Assam", "Ceylon", "Darjeeling", "Keemun")
    bought = [make_order(customer, (make_product(name=f"{name} tea"), 1)) for name in names]
    for text, index in (
        (bought[0].number, "orders_search"),
        ("assa", "orders_search"),
        (str(bought[0].items[0].product_id), "orders_search"),
        ("other@example.com", "orders_of_email"),
    ):
        plan = plan_of(rows := search.matching(Order.objects.all(), text))
        assert (plan.index, plan.examined) == (index, plan.returned), text
        assert len(rows) == (0 if "@" in text else 1)


def test_the_page_shows_the_items_as_they_were_bought(office, customer):
    tea = make_product(name="Tea <b>", price="5.00")
    order = make_order(customer, (tea, 2))
    page = office.get(url(Order, "change", order.pk)).content.decode()
    for text in ("Tea &lt;b&gt;", "$5.00", "$10.00", customer.email):
        assert text in page
    inputs = Form(office, url(Order, "change", order.pk)).fields
    assert not {field.name for field in Order._meta.fields} & inputs.keys()


class TestExport:
    def rows(self, office: Client, **filters: str) -> list[dict[str, str]]:
        response = office.get(url(Order, "export"), filters)
        assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'
        return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))

    def test_it_has_what_the_list_shows(self, office, customer, stranger):
        tea = make_product(name="=Tea", price="1234.50")
        mine = make_order(customer, (tea, 2))
        other = make_order(stranger, (make_product(), 1))
        assert [row["number"] for row in self.rows(office)] == [other.number, mine.number]
        [row] = self.rows(office, q="tea")
        assert (row["email"], row["total"], row["items"]) == (customer.email, "2469.00", "2 × =Tea")
        assert (row["status"], row["currency"], row["paid_at"]) == ("pending", "usd", "")
        assert self.rows(office, status__exact="paid") == []

    def test_no_cell_is_a_formula(self, office, customer):
        order = make_order(customer, (make_product(), 1))
        Order.objects.filter(pk=order.pk).update(
            email="=cmd@example.com", carrier="-DHL", tracking_number="@1"
        )
        [row] = self.rows(office)
        assert (row["email"], row["carrier"], row["tracking_number"]) == ("'=cmd@example.com", "'-DHL", "'@1")

    def test_it_is_for_whoever_may_see_orders(self, support, manager, customer):
        statuses = [
            office_of(user).get(url(Order, "export")).status_code for user in (support, manager, customer)
        ]
        assert statuses == [200, 403, 302]

    def test_a_filter_that_is_none_leads_back_to_the_list(self, office):
        assert office.get(url(Order, "export"), {"created_at__gte": "never"}).status_code == 302
