"""The back office's orders: to look at."""

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ecommerce.lib.db import connection
from orders.models import Order
from tests.factories import order as make_order
from tests.factories import product as make_product
from tests.factories import user as make_user
from tests.office import Form, office_of, url

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
    assert found(office, mine.lower()) == {mine}
    assert found(office, "STRANGER@") == {other}
    assert found(office, " example.com ") == {mine, other}
    assert found(office, ".*") == set()


def test_the_page_shows_the_items_as_they_were_bought(office, customer):
    tea = make_product(name="Tea <b>", price="5.00")
    order = make_order(customer, (tea, 2))
    page = office.get(url(Order, "change", order.pk)).content.decode()
    for text in ("Tea &lt;b&gt;", "$5.00", "$10.00", customer.email):
        assert text in page
    inputs = Form(office, url(Order, "change", order.pk)).fields
    assert not {field.name for field in Order._meta.fields} & inputs.keys()
