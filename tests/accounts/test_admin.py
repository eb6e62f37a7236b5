"""The back office's users and groups."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from accounts.services import sign_in, update_user
from ecommerce import audit
from tests.factories import PASSWORD
from tests.factories import order as make_order
from tests.factories import product as make_product
from tests.factories import user as make_user
from tests.office import Form, office_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def form_of(office: Client, user: User) -> Form:
    return Form(office, url(User, "change", user.pk))


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response
    return dict(response.context["adminform"].form.errors)


def said(response) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def test_a_new_user_can_sign_in(office):
    typed = {"email": "New@Example.com", "role": "user", "password1": PASSWORD, "password2": PASSWORD}
    assert Form(office, url(User, "add")).send(**typed).status_code == 302
    assert sign_in(email="new@example.com", password=PASSWORD, ip="").role == User.Role.USER


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": "STAFF@example.com"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"password2": "SecurePass124"}, "password2"),
        ({"password1": "short", "password2": "short"}, "password2"),
        ({"password1": "x" * 129, "password2": "x" * 129}, "password2"),
        ({"password1": "", "password2": ""}, "password1"),
        ({"role": "owner"}, "role"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nobody_is_made(office, typed, field):
    given = {"email": "new@example.com", "role": "user", "password1": PASSWORD, "password2": PASSWORD} | typed
    assert field in errors(Form(office, url(User, "add")).send(**given))
    assert User.objects.count() == 1


def test_a_change_writes_only_what_the_person_changed(office, customer):
    form = form_of(office, customer)
    update_user(pk=customer.pk, role=User.Role.ADMIN)
    form.send(email="Renamed@example.com")
    assert (again(customer).email, again(customer).role) == ("renamed@example.com", User.Role.ADMIN)
    assert again(customer).check_password(PASSWORD)


def test_another_email_is_not_confirmed(office, customer):
    assert again(customer).email_verified_at
    form_of(office, customer).send(email="renamed@example.com")
    assert again(customer).email_verified_at is None


def test_a_taken_email_is_a_form_error(office, customer, stranger):
    assert list(errors(form_of(office, customer).send(email=stranger.email.upper()))) == ["email"]


def test_the_last_admin_cannot_be_demoted(office, staff):
    assert errors(form_of(office, staff).send(role="user")) == {
        "role": ["This is the only active admin. Make another one first."]
    }
    assert again(staff).role == User.Role.ADMIN


def test_the_last_admin_cannot_be_shut_out(office, staff):
    assert list(errors(form_of(office, staff).send(is_active=None))) == ["is_active"]
    assert again(staff).is_active


def test_the_last_admin_cannot_be_deleted(office, staff):
    make_user(role=User.Role.ADMIN, email="away@example.com")
    User.objects.filter(email="away@example.com").update(is_active=False)
    response = office.post(url(User, "delete", staff.pk), {"post": "yes"})
    assert "This is the only active admin." in said(response)
    assert again(staff)


def test_of_two_admins_one_may_leave(office, staff):
    make_user(role=User.Role.ADMIN)
    assert form_of(office, staff).send(role="user").status_code == 302
    assert again(staff).role == User.Role.USER


def test_a_user_with_orders_is_not_deleted(office, customer):
    make_order(customer, (make_product(), 1))
    page = office.get(url(User, "delete", customer.pk))
    assert page.context["title"] == "Cannot delete user"
    assert "would require deleting the following protected related objects" in page.content.decode()
    office.post(url(User, "delete", customer.pk), {"post": "yes"})
    assert again(customer)


def test_a_user_without_orders_is(office, customer):
    assert office.post(url(User, "delete", customer.pk), {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=customer.pk).exists()


def test_the_form_links_to_a_new_password(office, customer):
    assert 'href="../password/"' in office.get(url(User, "change", customer.pk)).content.decode()


def test_a_new_password_changes_nothing_else(office, customer):
    address = url(User, "change", customer.pk).replace("/change/", "/password/")
    form = Form(office, address)
    update_user(pk=customer.pk, role=User.Role.ADMIN)
    assert form.send(password1="AnotherPass1", password2="AnotherPass1").status_code == 302
    assert sign_in(email=customer.email, password="AnotherPass1", ip="").role == User.Role.ADMIN


@pytest.mark.parametrize("password", ["short", "x" * 129])
def test_a_new_password_has_the_length_that_sign_in_takes(office, customer, password):
    form = Form(office, url(User, "change", customer.pk).replace("/change/", "/password/"))
    response = form.send(password1=password, password2=password)
    assert "password2" in response.context["form"].errors
    assert again(customer).check_password(PASSWORD)


def test_who_changed_an_account_is_written_down(office, staff, customer):
    form_of(office, customer).send(role="support")
    form_of(office, customer).send(is_active=None)
    form_of(office, customer).send(email="renamed@example.com")
    entries = [(each.actor_id, each.action, each.before, each.after) for each in audit.entries_of(customer)]
    assert entries == [
        (staff.pk, "user.set_role", {"role": "user"}, {"role": "support"}),
        (staff.pk, "user.set_active", {"is_active": True}, {"is_active": False}),
        (
            staff.pk,
            "user.set_email",
            {"email": "customer@example.com"},
            {"email": "renamed@example.com"},
        ),
    ]


def test_who_made_a_member_of_staff_is_written_down(office, staff):
    typed = {"email": "new@example.com", "role": "manager", "password1": PASSWORD, "password2": PASSWORD}
    Form(office, url(User, "add")).send(**typed)
    [entry] = audit.entries_of(User.objects.get(email="new@example.com"))
    assert (entry.actor_id, entry.action, entry.after) == (staff.pk, "user.set_role", {"role": "manager"})


def test_a_role_page_says_what_it_may(office):
    for name, may in (("support", "orders.change_order"), ("admin", "Everything")):
        page = office.get(url(Group, "change", Group.objects.get(name=name).pk))
        assert may in page.content.decode()
