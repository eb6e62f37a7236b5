"""The list, the search, the page and the export of orders in the admin."""

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


def matches(office: Client, text: str) -> set[str]:
    return {order.number for order in office.get(LIST, {"q": text}).context["cl"].result_list}


def test_the_list_shows_the_customer_and_the_total(office, customer):
    order = make_order(customer, (make_product(price="1234.50"), 2))
    page = office.get(LIST).content.decode()
    for text in (order.number, customer.email, "$2,469.00", "Pending"):
        assert text in page


def test_the_list_needs_no_query_per_row(office):
    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            office.get(LIST)
        assert context
        return len(context)

    make_order(make_user(), (make_product(), 1))
    one = queries()
    for _ in range(4):
        make_order(make_user(), (make_product(), 1))
    assert queries() == one


def test_search_by_number_and_email(office, customer, stranger):
    mine, other = (make_order(user, (make_product(), 1)).number for user in (customer, stranger))
    assert matches(office, mine.lower()) == matches(office, f" {mine[:6]} ") == {mine}
    assert matches(office, "STRANGER@") == matches(office, "strang") == {other}
    assert matches(office, "") == {mine, other}
    for nothing in (".*", "@", "example.com", "nobody@example.com", "%", "$ne"):
        assert matches(office, nothing) == set(), nothing


def test_search_by_purchased_products(office, customer):
    cup, tea = make_product(name="Café-Tasse, blue"), make_product(name="Green Tea 100 g")
    both, only_tea = (
        make_order(customer, *((each, 1) for each in bought)).number for bought in ((cup, tea), (tea,))
    )
    make_order(customer, (make_product(name="Teapot"), 1))
    assert matches(office, "cafe") == matches(office, "tass BLUE") == {both}
    assert matches(office, "green tea") == matches(office, str(tea.pk)) == {both, only_tea}
    assert matches(office, "green cafe") == {both}
    assert matches(office, "green coffee") == set()


def test_search_uses_product_names_at_the_time_of_purchase(office, customer):
    tea = make_product(name="Tea")
    number = make_order(customer, (tea, 1)).number
    update_product(pk=tea.pk, name="Infusion")
    assert (matches(office, "tea"), matches(office, "infusion")) == ({number}, set())
    delete_product(pk=tea.pk)
    assert matches(office, "tea") == {number}


def test_search_uses_an_index(customer):
    """For every kind of search, MongoDB examines only the orders that match."""
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

    def test_it_contains_the_orders_of_the_list(self, office, customer, stranger):
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

    def test_it_needs_the_permission_to_view_orders(self, support, manager, customer):
        statuses = [
            office_of(user).get(url(Order, "export")).status_code for user in (support, manager, customer)
        ]
        assert statuses == [200, 403, 302]

    def test_an_invalid_filter_redirects_to_the_list(self, office):
        assert office.get(url(Order, "export"), {"created_at__gte": "never"}).status_code == 302
