"""Admins assign and remove roles through the API."""

import json

import jwt
import pytest

from accounts.models import User
from accounts.sessions.tokens import access_token
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry
from tests.support import factories
from tests.support.answers import refused
from tests.support.api_clients import api_of

URL = "/api/v1/auth/role"
ME = "/api/v1/auth/me"


def set_role(api, user, role):
    return api.post(URL, {"email": user.email, "role": role})


def reloaded(user):
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("role", "shown", "groups"),
    [("support", "user", ["support"]), ("manager", "user", ["manager"]), ("admin", "admin", ["admin"])],
)
def test_it_assigns_a_role_to_a_customer(customer, staff_api, role, shown, groups):
    answer = set_role(staff_api, customer, role).json()
    assert (answer["email"], answer["role"], answer["groups"]) == (customer.email, shown, groups)
    assert reloaded(customer).role == role
    assert api_of(reloaded(customer)).get(ME).json() == answer


def test_it_removes_a_role(support, staff_api):
    answer = set_role(staff_api, support, "user").json()
    assert (answer["role"], answer["groups"]) == ("user", [])
    assert not reloaded(support).is_staff


def test_an_admin_can_be_demoted_by_another(staff, staff_api):
    other = factories.user(role=User.Role.ADMIN)
    assert set_role(staff_api, other, "support").json()["groups"] == ["support"]


def test_the_last_admin_cannot_be_demoted(staff, staff_api):
    for role in ("user", "support", "manager"):
        refused(set_role(staff_api, staff, role), 400, field="role")
    assert reloaded(staff).role == User.Role.ADMIN


def test_a_changed_role_ends_existing_sessions(customer, customer_api, staff_api):
    set_role(staff_api, customer, "support")
    refused(customer_api.get(ME), 401)


def test_the_same_role_again_changes_nothing(support, staff_api):
    client = api_of(support)
    assert set_role(staff_api, support, "support").status_code == 200
    assert client.get(ME).status_code == 200
    assert AuditEntry.objects.filter(object_id=str(support.pk)).count() == 1  # from its creation


def test_tokens_show_every_role_but_admin_as_user(support, manager, staff):
    for user, role in ((support, "user"), (manager, "user"), (staff, "admin")):
        assert jwt.decode(access_token(user), options={"verify_signature": False})["role"] == role


def test_changes_are_audited_with_the_admin_who_made_them(customer, staff, staff_api):
    set_role(staff_api, customer, "manager")
    staff_api.post("/api/v1/auth/promote-to-admin", {"email": customer.email})
    entries = [(each.actor_id, each.action, each.before, each.after) for each in audit.entries_of(customer)]
    assert entries == [
        (staff.pk, "user.set_role", {"role": "user"}, {"role": "manager"}),
        (staff.pk, "user.set_role", {"role": "manager"}, {"role": "admin"}),
    ]


def test_a_refused_change_is_not_audited(staff, staff_api):
    before = AuditEntry.objects.count()
    set_role(staff_api, staff, "user")
    assert AuditEntry.objects.count() == before


def test_it_refuses_an_unknown_email(staff_api):
    refused(staff_api.post(URL, {"email": "unknown@example.com", "role": "support"}), 404, "User not found")


@pytest.mark.parametrize("role", ["", "owner", None, {"$ne": "user"}, ["admin"], "Admin", 5])
def test_it_refuses_an_unknown_role(customer, staff_api, role):
    refused(staff_api.post(URL, {"email": customer.email, "role": role}), 400, field="role")
    assert reloaded(customer).role == User.Role.USER


def test_a_role_with_invalid_unicode_is_refused_and_not_echoed(customer, staff_api):
    body = json.dumps({"email": customer.email, "role": "\ud800"})
    answer = staff_api.post(URL, body, content_type="application/json")
    refused(answer, 400, "role: Choose user, support, manager or admin.")


def test_only_admins_may_set_roles_even_their_own(customer, support, manager, api):
    for user in (customer, support, manager):
        refused(set_role(api_of(user), user, "admin"), 403)
        assert reloaded(user).role == user.role
    refused(set_role(api, customer, "admin"), 401)


@pytest.mark.parametrize("role", list(User.Role))
def test_role_and_groups_need_no_second_query(role, db, django_assert_num_queries):
    client = api_of(factories.user(role=role))
    with django_assert_num_queries(1):
        assert client.get(ME).status_code == 200
