"""An admin gives and takes roles over the API."""

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


def give(api, user, role):
    return api.post(URL, {"email": user.email, "role": role})


def again(user):
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("role", "shown", "groups"),
    [("support", "user", ["support"]), ("manager", "user", ["manager"]), ("admin", "admin", ["admin"])],
)
def test_it_gives_a_customer_a_role(customer, staff_api, role, shown, groups):
    answer = give(staff_api, customer, role).json()
    assert (answer["email"], answer["role"], answer["groups"]) == (customer.email, shown, groups)
    assert again(customer).role == role
    assert api_of(again(customer)).get(ME).json() == answer


def test_it_takes_a_role_away(support, staff_api):
    answer = give(staff_api, support, "user").json()
    assert (answer["role"], answer["groups"]) == ("user", [])
    assert not again(support).is_staff


def test_an_admin_can_be_demoted_by_another(staff, staff_api):
    other = factories.user(role=User.Role.ADMIN)
    assert give(staff_api, other, "support").json()["groups"] == ["support"]


def test_the_last_admin_cannot_be_demoted(staff, staff_api):
    for role in ("user", "support", "manager"):
        refused(give(staff_api, staff, role), 400, field="role")
    assert again(staff).role == User.Role.ADMIN


def test_another_role_ends_the_sessions_of_before(customer, customer_api, staff_api):
    give(staff_api, customer, "support")
    refused(customer_api.get(ME), 401)


def test_the_same_role_again_changes_nothing(support, staff_api):
    client = api_of(support)
    assert give(staff_api, support, "support").status_code == 200
    assert client.get(ME).status_code == 200
    assert AuditEntry.objects.filter(object_id=str(support.pk)).count() == 1  # when it was made


def test_a_token_calls_every_role_but_admin_user(support, manager, staff):
    for user, role in ((support, "user"), (manager, "user"), (staff, "admin")):
        assert jwt.decode(access_token(user), options={"verify_signature": False})["role"] == role


def test_who_did_it_is_written_down(customer, staff, staff_api):
    give(staff_api, customer, "manager")
    staff_api.post("/api/v1/auth/promote-to-admin", {"email": customer.email})
    entries = [(each.actor_id, each.action, each.before, each.after) for each in audit.entries_of(customer)]
    assert entries == [
        (staff.pk, "user.set_role", {"role": "user"}, {"role": "manager"}),
        (staff.pk, "user.set_role", {"role": "manager"}, {"role": "admin"}),
    ]


def test_what_is_refused_is_not_written_down(staff, staff_api):
    before = AuditEntry.objects.count()
    give(staff_api, staff, "user")
    assert AuditEntry.objects.count() == before


def test_it_refuses_an_unknown_email(staff_api):
    refused(staff_api.post(URL, {"email": "nobody@example.com", "role": "support"}), 404, "User not found")


@pytest.mark.parametrize("role", ["", "owner", None, {"$ne": "user"}, ["admin"], "Admin", 5])
def test_it_refuses_a_role_that_there_is_not(customer, staff_api, role):
    refused(staff_api.post(URL, {"email": customer.email, "role": role}), 400, field="role")
    assert again(customer).role == User.Role.USER


def test_a_role_that_no_text_can_hold_is_refused_without_being_repeated(customer, staff_api):
    body = json.dumps({"email": customer.email, "role": "\ud800"})
    answer = staff_api.post(URL, body, content_type="application/json")
    refused(answer, 400, "role: Choose user, support, manager or admin.")


def test_it_is_for_admins_also_where_the_role_is_ones_own(customer, support, manager, api):
    for user in (customer, support, manager):
        refused(give(api_of(user), user, "admin"), 403)
        assert again(user).role == user.role
    refused(give(api, customer, "admin"), 401)


@pytest.mark.parametrize("role", list(User.Role))
def test_role_and_groups_cost_no_second_query(role, db, django_assert_num_queries):
    client = api_of(factories.user(role=role))
    with django_assert_num_queries(1):
        assert client.get(ME).status_code == 200
