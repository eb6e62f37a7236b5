"""Permissions of each role in the API and in the admin."""

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
UNKNOWN_ID = "5f5f5f5f5f5f5f5f5f5f5f5f"

# Roles that each route admits.
ROUTES = [
    ("get", "/orders/admin/all", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{UNKNOWN_ID}/pack", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{UNKNOWN_ID}/ship", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{UNKNOWN_ID}/deliver", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{UNKNOWN_ID}/cancel", {Role.SUPPORT, Role.ADMIN}),
    ("post", f"/admin/orders/{UNKNOWN_ID}/refund", {Role.SUPPORT, Role.ADMIN}),
    ("post", "/admin/products", {Role.MANAGER, Role.ADMIN}),
    ("patch", f"/admin/products/{UNKNOWN_ID}", {Role.MANAGER, Role.ADMIN}),
    ("delete", f"/admin/products/{UNKNOWN_ID}", {Role.MANAGER, Role.ADMIN}),
    ("post", "/auth/promote-to-admin", {Role.ADMIN}),
    ("post", "/auth/role", {Role.ADMIN}),
]
# Roles that may view and add each model in the admin. Admins may view all, and add the models in ADDERS.
VIEWERS = {
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
ADDERS = {Product: {Role.MANAGER}, Category: {Role.MANAGER}, User: set(), ServiceKey: set()}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("method", "path", "may"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES]
)
def test_the_api_admits_the_roles_in_the_table(role, method, path, may):
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

    def test_each_model_is_visible_to_the_roles_in_the_table(self, office, role):
        assert set(VIEWERS) == set(admin.site._registry)
        for model, viewers in VIEWERS.items():
            status = office.get(url(model, "changelist")).status_code
            staff = 200 if role in viewers | {Role.ADMIN} else 403
            assert status == (302 if role == Role.USER else staff), model

    def test_the_first_page_links_exactly_the_visible_models(self, office, role):
        page = office.get(reverse("admin:index"))
        if role == Role.USER:
            assert page.status_code == 302
            return
        named = {model for model in VIEWERS if f'"{url(model, "changelist")}"' in page.content.decode()}
        assert named == {model for model, viewers in VIEWERS.items() if role in viewers | {Role.ADMIN}}

    def test_only_the_roles_in_the_table_can_add(self, office, role):
        for model in VIEWERS:
            may = model in ADDERS and role in ADDERS[model] | {Role.ADMIN}
            assert (office.get(url(model, "add")).status_code == 200) == may, model


def test_support_can_view_but_not_change_users(support, customer):
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


def test_support_can_pack_and_refund_in_the_admin(support, customer, product):
    order = factories.order(customer, (product, 1))
    page = url(Order, "change", order.pk)
    office = office_of(support)
    for step in ("pack", "refund"):
        assert office.get(page.replace("/change/", f"/{step}/")).status_code == 200
    assert office_of(factories.user(role=Role.MANAGER)).get(page).status_code == 403


def test_a_manager_can_change_a_product_in_the_admin(manager, product):
    assert office_of(manager).get(url(Product, "change", product.pk)).status_code == 200


def test_a_disabled_staff_member_has_no_permissions(support):
    support.is_active = False
    assert not support.has_perm("orders.view_order")
    assert not support.has_module_perms("orders")


def test_staff_cannot_use_the_order_route_of_the_owner(support, customer, product):
    order = factories.order(customer, (product, 1))
    refused(api_of(support).get(f"/api/v1/orders/{order.pk}"), 404)


class TestGroups:
    def test_migrations_create_the_groups_with_their_permissions(self):
        for role in (Role.SUPPORT, Role.MANAGER):
            group = Group.objects.get(name=role)
            rows = group.permissions.select_related("content_type")
            held = {f"{row.content_type.app_label}.{row.codename}" for row in rows}
            assert held == roles.ROLE_PERMISSIONS[role]
        assert Group.objects.get(name="admin").permissions.count() == Permission.objects.count()

    def test_creating_the_groups_is_idempotent(self):
        before = list(Group.objects.order_by("name").values()), Permission.objects.count()
        ensure_groups()
        call_command("migrate", verbosity=0)
        assert (list(Group.objects.order_by("name").values()), Permission.objects.count()) == before

    def test_permissions_are_unique(self):
        pairs = list(Permission.objects.values_list("content_type_id", "codename"))
        assert len(pairs) == len(set(pairs))

    def test_an_account_has_the_group_of_its_role(self, support, customer, staff):
        assert [group.name for group in support.groups.all()] == ["support"]
        assert [group.name for group in staff.groups.all()] == ["admin"]
        assert not customer.groups.exists()

    def test_every_permission_in_the_tables_exists(self):
        rows = Permission.objects.select_related("content_type")
        known = {f"{row.content_type.app_label}.{row.codename}" for row in rows}
        assert set(chain(*roles.ROLE_PERMISSIONS.values(), *roles.SCOPES.values())) <= known

    def test_the_tables_cover_all_roles_and_scopes(self):
        assert set(roles.ROLE_PERMISSIONS) | {Role.ADMIN} == set(Role)
        assert set(roles.SCOPES) == set(roles.Scope)
