"""Which role may do what: the same in the API and in the back office."""

from itertools import chain

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from accounts import roles
from accounts.groups import ensure_groups
from accounts.models import ServiceKey, User
from cart.models import Cart
from catalog.models import Category, Product, SearchMiss, StockMovement
from ecommerce.core.models import AuditEntry, OutboxMessage
from orders.models import Order
from payments.models import Payment, Refund
from tests.support import factories
from tests.support.admin_pages import office_of, url
from tests.support.answers import refused
from tests.support.api_clients import api_of

pytestmark = pytest.mark.django_db
Role = User.Role
NOWHERE = "5f5f5f5f5f5f5f5f5f5f5f5f"

# Route by route: who gets further than the door.
ROUTES = [
    ("get", "/orders/admin/all", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{NOWHERE}/pack", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{NOWHERE}/ship", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{NOWHERE}/deliver", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{NOWHERE}/cancel", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{NOWHERE}/refund", {Role.SUPPORT, Role.ADMIN}),
    ("post", "/admin/products", {Role.MANAGER, Role.ADMIN}),
    ("patch", f"/admin/products/{NOWHERE}", {Role.MANAGER, Role.ADMIN}),
    ("delete", f"/admin/products/{NOWHERE}", {Role.MANAGER, Role.ADMIN}),
    ("post", "/auth/promote-to-admin", {Role.ADMIN}),
    ("post", "/auth/role", {Role.ADMIN}),
]
# Model by model in the back office: who looks, and who adds (an admin does both, unless nobody does).
LOOKS = {
    Order: {Role.SUPPORT},
    Payment: {Role.SUPPORT},
    Refund: {Role.SUPPORT},
    Cart: {Role.SUPPORT},
    User: {Role.SUPPORT},
    Product: {Role.MANAGER},
    Category: {Role.MANAGER},
    StockMovement: {Role.MANAGER},
    SearchMiss: {Role.MANAGER},
    ServiceKey: set(),
    AuditEntry: set(),
    OutboxMessage: set(),
    Group: set(),
}
ADDS = {Product: {Role.MANAGER}, Category: {Role.MANAGER}, User: set(), ServiceKey: set()}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("method", "path", "may"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES]
)
def test_the_api_lets_in_whom_the_table_says(role, method, path, may):
    answer = getattr(api_of(factories.user(role=role)), method)(f"/api/v1{path}", {})
    if role in may:
        assert answer.status_code in (200, 400, 404), answer.content
    else:
        refused(answer, 403)


@pytest.mark.parametrize("role", list(Role))
class TestBackOffice:
    @pytest.fixture
    def office(self, role):
        return office_of(factories.user(role=role))

    def test_every_model_shows_itself_to_whom_the_table_says(self, office, role):
        assert set(LOOKS) == set(admin.site._registry)
        for model, looks in LOOKS.items():
            found = office.get(url(model, "changelist")).status_code
            staff = 200 if role in looks | {Role.ADMIN} else 403
            assert found == (302 if role == Role.USER else staff), model

    def test_the_first_page_names_what_the_role_may_look_at_and_nothing_else(self, office, role):
        page = office.get(reverse("admin:index"))
        if role == Role.USER:
            assert page.status_code == 302
            return
        named = {model for model in LOOKS if f'"{url(model, "changelist")}"' in page.content.decode()}
        assert named == {model for model, looks in LOOKS.items() if role in looks | {Role.ADMIN}}

    def test_only_whom_the_table_says_can_add(self, office, role):
        for model in LOOKS:
            may = model in ADDS and role in ADDS[model] | {Role.ADMIN}
            assert (office.get(url(model, "add")).status_code == 200) == may, model


def test_support_looks_at_a_user_and_changes_nothing(support, customer):
    office = office_of(support)
    page = office.get(url(User, "change", customer.pk))
    assert customer.email in page.content.decode()
    assert "Set a new password" not in page.content.decode()
    assert office.post(url(User, "change", customer.pk), {"role": "admin"}).status_code == 403
    password = url(User, "change", customer.pk).replace("/change/", "/password/")
    assert office.get(password).status_code == 403
    assert office.post(password, {"password1": "x", "password2": "x"}).status_code == 403
    assert office.post(url(User, "delete", customer.pk), {"post": "yes"}).status_code == 403
    assert User.objects.get(pk=customer.pk).role == Role.USER


def test_support_packs_and_refunds_on_the_pages(support, customer, product):
    order = factories.order(customer, (product, 1))
    page = url(Order, "change", order.pk)
    office = office_of(support)
    for step in ("pack", "refund"):
        assert office.get(page.replace("/change/", f"/{step}/")).status_code == 200
    assert office_of(factories.user(role=Role.MANAGER)).get(page).status_code == 403


def test_a_manager_changes_a_product_on_the_pages(manager, product):
    assert office_of(manager).get(url(Product, "change", product.pk)).status_code == 200


def test_a_disabled_member_of_staff_may_do_nothing(support):
    support.is_active = False
    assert not support.has_perm("orders.view_order")
    assert not support.has_module_perms("orders")


def test_the_owners_route_of_an_order_is_not_for_staff(support, customer, product):
    order = factories.order(customer, (product, 1))
    refused(api_of(support).get(f"/api/v1/orders/{order.pk}"), 404)


class TestGroups:
    def test_the_migrations_made_them_with_their_permissions(self):
        for role in (Role.SUPPORT, Role.MANAGER):
            group = Group.objects.get(name=role)
            rows = group.permissions.select_related("content_type")
            held = {f"{row.content_type.app_label}.{row.codename}" for row in rows}
            assert held == roles.ROLE_PERMISSIONS[role]
        assert Group.objects.get(name="admin").permissions.count() == Permission.objects.count()

    def test_made_again_they_are_the_same(self):
        before = list(Group.objects.order_by("name").values()), Permission.objects.count()
        ensure_groups()
        call_command("migrate", verbosity=0)
        assert (list(Group.objects.order_by("name").values()), Permission.objects.count()) == before

    def test_no_permission_is_there_twice(self):
        pairs = list(Permission.objects.values_list("content_type_id", "codename"))
        assert len(pairs) == len(set(pairs))

    def test_an_account_has_the_group_of_its_role(self, support, customer, staff):
        assert [group.name for group in support.groups.all()] == ["support"]
        assert [group.name for group in staff.groups.all()] == ["admin"]
        assert not customer.groups.exists()

    def test_every_permission_of_the_tables_is_one_of_djangos(self):
        rows = Permission.objects.select_related("content_type")
        known = {f"{row.content_type.app_label}.{row.codename}" for row in rows}
        assert set(chain(*roles.ROLE_PERMISSIONS.values(), *roles.SCOPES.values())) <= known

    def test_roles_and_scopes_are_all_in_the_tables(self):
        assert set(roles.ROLE_PERMISSIONS) | {Role.ADMIN} == set(Role)
        assert set(roles.SCOPES) == set(roles.Scope)
