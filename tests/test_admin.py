"""Every page of the admin answers, for every model that is registered."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ServiceKey, User
from accounts.service_keys.services import make_key
from cart.models import Cart
from cart.services import add_item
from catalog.models import Category, Product, SearchMiss, StockMovement
from ecommerce.core.db import collection
from ecommerce.core.models import AuditEntry, OutboxMessage
from orders.models import Order
from payments.models import Payment, Refund
from payments.refunds import refund_order
from payments.services import confirm
from tests.factories import PASSWORD
from tests.factories import order as make_order
from tests.factories import product as make_product
from tests.factories import user as make_user
from tests.office import office_of, url

pytestmark = pytest.mark.django_db
MODELS = list(admin.site._registry)
READ_ONLY = [AuditEntry, Cart, Group, Order, OutboxMessage, Payment, Refund, SearchMiss, StockMovement]
KEPT = [*READ_ONLY, ServiceKey]
ODD_SEARCHES = ["shop", "7", "9" * 30, "%22", "a%5C", "(", ".*", "💡", "x" * 500, "%00", "%ED%A0%80", "%20"]


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


@pytest.fixture
def rows(office: Client, staff: User) -> dict[type, object]:
    """One row of every model, and log entries of some."""
    product = make_product(name="Tea", category="Kitchen", image="https://cdn.example.com/tea.jpg")
    buyer = make_user()
    order, paid = (make_order(buyer, (product, 2)) for _ in range(2))
    add_item(user=buyer, product_id=product.product_id, qty=1)
    confirm(paid, outcome="success", by=buyer)
    refund = refund_order(order=paid, key="r1", by=staff, reason="Too late")
    group = Group.objects.get(name="support")
    key, _text = make_key(name="Warehouse", scopes=["orders:read"], expires_at=timezone.now(), by=staff)
    LogEntry.objects.log_actions(staff.pk, [product, order, group], 2, "Looked at", single_object=False)
    return {
        Product: product,
        Category: Category.objects.get(),
        StockMovement: StockMovement.objects.first(),
        SearchMiss: SearchMiss.objects.create(text="teapot", count=2, last_at=timezone.now()),
        Cart: Cart.objects.get(),
        Order: order,
        Payment: Payment.objects.get(),
        Refund: refund,
        AuditEntry: AuditEntry.objects.first(),
        OutboxMessage: OutboxMessage.objects.create(kind="test", key="test:1"),
        User: buyer,
        Group: group,
        ServiceKey: key,
    }


def test_every_model_has_a_row_here(rows):
    assert set(MODELS) == set(rows)


def test_the_dashboard_lists_every_model_and_what_was_done(office, rows):
    page = office.get(reverse("admin:index")).content.decode()
    for model in MODELS:
        assert url(model, "changelist") in page


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
class TestEveryModel:
    def test_the_list_shows_its_rows(self, office, rows, model):
        response = office.get(url(model, "changelist"))
        assert response.status_code == 200
        assert url(model, "change", rows[model].pk) in response.content.decode()

    def test_the_list_searches_whatever_is_typed(self, office, rows, model):
        for text in ODD_SEARCHES:
            assert office.get(url(model, "changelist") + f"?q={text}").status_code in (200, 302), text

    def test_every_choice_of_every_filter_answers(self, office, rows, model):
        changelist = office.get(url(model, "changelist")).context["cl"]
        for spec in changelist.filter_specs:
            for choice in spec.choices(changelist):
                answer = office.get(url(model, "changelist") + choice["query_string"])
                assert answer.status_code == 200, choice

    def test_the_list_sorts_by_every_column(self, office, rows, model):
        for number in range(1, len(admin.site._registry[model].list_display) + 2):
            for sign in ("", "-"):
                assert office.get(url(model, "changelist"), {"o": f"{sign}{number}"}).status_code == 200

    def test_the_form_to_add_one(self, office, rows, model):
        expected = 403 if model in READ_ONLY else 200
        assert office.get(url(model, "add")).status_code == expected

    def test_the_page_of_a_row(self, office, rows, model):
        response = office.get(url(model, "change", rows[model].pk))
        assert response.status_code == 200
        assert str(rows[model]) in response.content.decode()

    def test_the_history_of_a_row(self, office, rows, model):
        assert office.get(url(model, "history", rows[model].pk)).status_code == 200

    def test_the_question_before_deleting_it(self, office, rows, model):
        expected = 403 if model in KEPT else 200
        assert office.get(url(model, "delete", rows[model].pk)).status_code == expected

    def test_a_row_that_is_not_there(self, office, rows, model):
        for key in ("nonsense", "0" * 24, "%00", "1", "é"):
            for page in ("change", "history", "delete"):
                response = office.get(url(model, page, key))
                allowed = (302, 403) if model in KEPT and page == "delete" else (302,)
                assert response.status_code in allowed, (key, page)

    def test_only_staff_see_it(self, rows, model, customer):
        client = office_of(customer)
        for page in (url(model, "changelist"), url(model, "change", rows[model].pk)):
            response = client.get(page)
            assert response.status_code == 302
            assert response["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("model", [model for model in MODELS if model not in KEPT])
def test_the_question_before_deleting_several(office, rows, model):
    data = {"action": "delete_selected", "_selected_action": [str(rows[model].pk)]}
    response = office.post(url(model, "changelist"), data)
    title = "Cannot delete user" if model is User else "Delete multiple objects"
    assert (response.status_code, response.context["title"]) == (200, title)


@pytest.mark.parametrize("model", KEPT)
def test_read_only_rows_cannot_be_posted(office, rows, model):
    before = list(collection(model).find())
    assert office.post(url(model, "change", rows[model].pk), {"_save": "1"}).status_code == 403
    assert office.post(url(model, "delete", rows[model].pk), {"post": "yes"}).status_code == 403
    assert list(collection(model).find()) == before


def test_signing_in_to_the_admin(staff):
    client = Client(enforce_csrf_checks=True)
    page = client.get(reverse("admin:login"))
    assert 'rel="icon" href="/static/img/favicon.svg"' in page.content.decode()
    token = page.context["csrf_token"]
    answer = {"username": staff.email, "password": "SecurePass123", "csrfmiddlewaretoken": str(token)}
    assert client.post(reverse("admin:login") + "?next=/admin/", answer)["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_changing_ones_own_password(office):
    """On the page of the account, which ends all other sessions."""
    assert office.get(reverse("admin:password_change"), follow=True).status_code == 200


def test_signing_in_at_the_admins_own_page_leads_into_the_admin(staff: User) -> None:
    credentials = {"username": staff.email, "password": PASSWORD}
    assert Client().post("/admin/login/", credentials)["Location"] == "/admin/"
