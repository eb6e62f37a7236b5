"""Every kind of page of the admin answers, for every model that is registered.

Each test walks all models. Which role may see which page is in tests/security/access/admin.md.
"""

from itertools import product

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import ServiceKey, User
from cart.models import Cart
from catalog.models import SearchMiss, StockMovement
from ecommerce.core.db import collection
from ecommerce.core.models import AuditEntry, OutboxMessage
from orders.models import Order
from payments.models import Payment, Refund
from tests.support.admin_pages import office_of, url
from tests.support.factories import PASSWORD
from tests.support.model_rows import MODELS, one_row_of_every_model

pytestmark = pytest.mark.django_db
READ_ONLY = [AuditEntry, Cart, Group, Order, OutboxMessage, Payment, Refund, SearchMiss, StockMovement]
NEVER_DELETED = [*READ_ONLY, ServiceKey]
ODD_SEARCHES = ["shop", "7", "9" * 30, "%22", "a%5C", "(", ".*", "💡", "x" * 500, "%00", "%ED%A0%80", "%20"]
UNKNOWN_KEYS = ["nonsense", "0" * 24, "%00", "1", "é"]


@pytest.fixture
def browser(staff: User) -> Client:
    return office_of(staff)


@pytest.fixture
def rows(staff: User) -> dict[type, object]:
    return one_row_of_every_model(by=staff)


def test_every_model_has_a_row_here(rows):
    assert set(MODELS) == set(rows)


def test_the_first_page_lists_every_model(browser, rows):
    page = browser.get(reverse("admin:index")).content.decode()
    assert [model for model in MODELS if url(model, "changelist") not in page] == []


def test_lists_show_their_rows(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            response = browser.get(url(model, "changelist"))
            assert response.status_code == 200
            assert url(model, "change", rows[model].pk) in response.content.decode()


def test_lists_search_for_any_text(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            for text in ODD_SEARCHES:
                answer = browser.get(url(model, "changelist") + f"?q={text}")
                assert answer.status_code in (200, 302), text


@pytest.mark.exhaustive
def test_every_choice_of_every_filter_answers(browser, rows, subtests):
    for model in MODELS:
        changelist = browser.get(url(model, "changelist")).context["cl"]
        choices = [choice for spec in changelist.filter_specs for choice in spec.choices(changelist)]
        with subtests.test(model=model.__name__):
            for choice in choices:
                answer = browser.get(url(model, "changelist") + choice["query_string"])
                assert answer.status_code == 200, choice


@pytest.mark.exhaustive
def test_lists_sort_by_every_column(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            for column in range(1, len(admin.site._registry[model].list_display) + 2):
                answer = browser.get(url(model, "changelist"), {"o": str(column)})
                assert answer.status_code == 200, column


def test_forms_to_add_a_row_exist_except_for_read_only_models(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            expected = 403 if model in READ_ONLY else 200
            assert browser.get(url(model, "add")).status_code == expected


def test_the_page_of_a_row_shows_its_name(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            response = browser.get(url(model, "change", rows[model].pk))
            assert response.status_code == 200
            assert str(rows[model]) in response.content.decode()


def test_every_row_has_a_history(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            assert browser.get(url(model, "history", rows[model].pk)).status_code == 200


def test_deleting_a_row_asks_first_or_is_refused(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            expected = 403 if model in NEVER_DELETED else 200
            assert browser.get(url(model, "delete", rows[model].pk)).status_code == expected


def test_deleting_several_rows_asks_first(browser, rows, subtests):
    for model in [model for model in MODELS if model not in NEVER_DELETED]:
        with subtests.test(model=model.__name__):
            data = {"action": "delete_selected", "_selected_action": [str(rows[model].pk)]}
            response = browser.post(url(model, "changelist"), data)
            title = "Cannot delete user" if model is User else "Delete multiple objects"
            assert (response.status_code, response.context["title"]) == (200, title)


def test_the_pages_of_an_unknown_row_redirect(browser, rows, subtests):
    for model in MODELS:
        with subtests.test(model=model.__name__):
            for key, page in product(UNKNOWN_KEYS, ("change", "history", "delete")):
                never_deleted = model in NEVER_DELETED and page == "delete"
                expected = (302, 403) if never_deleted else (302,)
                assert browser.get(url(model, page, key)).status_code in expected, (key, page)


def test_read_only_rows_cannot_be_changed_or_deleted(browser, rows, subtests):
    for model in NEVER_DELETED:
        with subtests.test(model=model.__name__):
            before = list(collection(model).find())
            assert browser.post(url(model, "change", rows[model].pk), {"_save": "1"}).status_code == 403
            assert browser.post(url(model, "delete", rows[model].pk), {"post": "yes"}).status_code == 403
            assert list(collection(model).find()) == before


def test_staff_sign_in_on_the_admins_own_page(staff):
    client = Client(enforce_csrf_checks=True)
    page = client.get(reverse("admin:login"))
    assert 'rel="icon" href="/static/img/favicon.svg"' in page.content.decode()
    token = page.context["csrf_token"]
    form = {"username": staff.email, "password": PASSWORD, "csrfmiddlewaretoken": str(token)}
    assert client.post(reverse("admin:login") + "?next=/admin/", form)["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_signing_in_without_a_next_page_leads_into_the_admin(staff: User) -> None:
    credentials = {"username": staff.email, "password": PASSWORD}
    assert Client().post("/admin/login/", credentials)["Location"] == "/admin/"


def test_changing_ones_own_password_leads_to_the_page_of_the_account(browser):
    """It ends all other sessions there."""
    assert browser.get(reverse("admin:password_change"), follow=True).status_code == 200
