"""Users and groups in the admin."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from accounts.sessions import services as sessions
from accounts.sign_in import lockout
from accounts.sign_in.services import InvalidCredentials, sign_in
from accounts.users.services import update_user
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry
from ecommerce.core.web.http import Device
from tests.support.admin_pages import Form, office_of, url
from tests.support.factories import PASSWORD
from tests.support.factories import order as make_order
from tests.support.factories import product as make_product
from tests.support.factories import user as make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(staff: User) -> Client:
    return office_of(staff)


def form_of(office: Client, user: User) -> Form:
    return Form(office, url(User, "change", user.pk))


def reloaded(user: User) -> User:
    return User.objects.get(pk=user.pk)


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200, response
    return dict(response.context["adminform"].form.errors)


def shown_messages(response) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


def test_a_new_user_can_sign_in(office):
    fields = {"email": "New@Example.com", "role": "user", "password1": PASSWORD, "password2": PASSWORD}
    assert Form(office, url(User, "add")).send(**fields).status_code == 302
    assert sign_in(email="new@example.com", password=PASSWORD, ip="").role == User.Role.USER


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "STAFF@example.com"}, "email"),
        ({"email": "not-an-email"}, "email"),
        ({"password2": "SecurePass124"}, "password2"),
        ({"password1": "short", "password2": "short"}, "password2"),
        ({"password1": "x" * 129, "password2": "x" * 129}, "password2"),
        ({"password1": "", "password2": ""}, "password1"),
        ({"role": "owner"}, "role"),
    ],
)
def test_invalid_input_is_reported_at_its_field_and_no_user_is_created(office, fields, field):
    valid = {"email": "new@example.com", "role": "user", "password1": PASSWORD, "password2": PASSWORD}
    assert field in errors(Form(office, url(User, "add")).send(**valid | fields))
    assert User.objects.count() == 1


def test_only_the_edited_fields_are_written(office, customer):
    form = form_of(office, customer)
    update_user(pk=customer.pk, role=User.Role.ADMIN)
    form.send(email="Renamed@example.com")
    assert (reloaded(customer).email, reloaded(customer).role) == ("renamed@example.com", User.Role.ADMIN)
    assert reloaded(customer).check_password(PASSWORD)


def test_a_changed_email_is_unconfirmed(office, customer):
    assert reloaded(customer).email_verified_at
    form_of(office, customer).send(email="renamed@example.com")
    assert reloaded(customer).email_verified_at is None


def test_a_taken_email_is_a_form_error(office, customer, stranger):
    assert list(errors(form_of(office, customer).send(email=stranger.email.upper()))) == ["email"]


def test_the_last_admin_cannot_be_demoted(office, staff):
    assert errors(form_of(office, staff).send(role="user")) == {
        "role": ["This is the only active admin. Make another one first."]
    }
    assert reloaded(staff).role == User.Role.ADMIN


def test_the_last_admin_cannot_be_deactivated(office, staff):
    assert list(errors(form_of(office, staff).send(is_active=None))) == ["is_active"]
    assert reloaded(staff).is_active


def test_the_last_admin_cannot_be_deleted(office, staff):
    make_user(role=User.Role.ADMIN, email="away@example.com")
    User.objects.filter(email="away@example.com").update(is_active=False)
    response = office.post(url(User, "delete", staff.pk), {"post": "yes"})
    assert "This is the only active admin." in shown_messages(response)
    assert reloaded(staff)


def test_one_of_two_admins_can_be_demoted(office, staff):
    make_user(role=User.Role.ADMIN)
    assert form_of(office, staff).send(role="user").status_code == 302
    assert reloaded(staff).role == User.Role.USER


def test_a_user_with_orders_cannot_be_deleted(office, customer):
    make_order(customer, (make_product(), 1))
    page = office.get(url(User, "delete", customer.pk))
    assert page.context["title"] == "Cannot delete user"
    assert "would require deleting the following protected related objects" in page.content.decode()
    office.post(url(User, "delete", customer.pk), {"post": "yes"})
    assert reloaded(customer)


def test_a_user_without_orders_can_be_deleted(office, customer):
    assert office.post(url(User, "delete", customer.pk), {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=customer.pk).exists()


def test_the_user_form_links_to_the_password_form(office, customer):
    assert 'href="../password/"' in office.get(url(User, "change", customer.pk)).content.decode()


def test_setting_a_password_changes_nothing_else(office, customer):
    address = url(User, "change", customer.pk).replace("/change/", "/password/")
    form = Form(office, address)
    update_user(pk=customer.pk, role=User.Role.ADMIN)
    assert form.send(password1="AnotherPass1", password2="AnotherPass1").status_code == 302
    assert sign_in(email=customer.email, password="AnotherPass1", ip="").role == User.Role.ADMIN


@pytest.mark.parametrize("password", ["short", "x" * 129])
def test_a_password_of_the_wrong_length_is_refused(office, customer, password):
    form = Form(office, url(User, "change", customer.pk).replace("/change/", "/password/"))
    response = form.send(password1=password, password2=password)
    assert "password2" in response.context["form"].errors
    assert reloaded(customer).check_password(PASSWORD)


def test_changes_are_audited_with_the_admin_who_made_them(office, staff, customer):
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


def test_creating_a_staff_member_is_audited(office, staff):
    fields = {"email": "new@example.com", "role": "manager", "password1": PASSWORD, "password2": PASSWORD}
    Form(office, url(User, "add")).send(**fields)
    [entry] = audit.entries_of(User.objects.get(email="new@example.com"))
    assert (entry.actor_id, entry.action, entry.after) == (staff.pk, "user.set_role", {"role": "manager"})


def test_a_group_page_lists_its_permissions(office):
    for name, may in (("support", "orders.change_order"), ("admin", "Everything")):
        page = office.get(url(Group, "change", Group.objects.get(name=name).pk))
        assert may in page.content.decode()


def page_of(office: Client, user: User, page: str = "change") -> str:
    return office.get(url(User, "change", user.pk).replace("/change/", f"/{page}/")).content.decode()


def lock(user: User) -> None:
    for _ in range(lockout.FREE_FROM_ONE_NETWORK):
        with pytest.raises(InvalidCredentials):
            sign_in(email=user.email, password="wrong", ip="203.0.113.9")


class TestLocks:
    def test_the_list_and_the_user_page_show_locks(self, office, customer, stranger):
        lock(customer)
        rows = office.get(url(User, "changelist")).content.decode().split("<tr")
        locked = [row for row in rows if "Until " in row]
        assert len(locked) == 1
        assert customer.email in locked[0]
        assert "Until " in page_of(office, customer)
        assert "Until " not in page_of(office, stranger)

    def test_the_list_reads_all_locks_with_one_command(self, office, sent):
        for _ in range(3):
            make_user()
        commands = sent(lambda: office.get(url(User, "changelist")))
        assert commands.count("aggregate sign_in_attempts") + commands.count("find sign_in_attempts") == 1

    def test_an_admin_can_unlock_an_account(self, office, customer, staff):
        lock(customer)
        assert "/unlock/" in page_of(office, customer)
        form = Form(office, url(User, "change", customer.pk).replace("/change/", "/unlock/"))
        assert shown_messages(form.send()) == "The account is unlocked."
        assert sign_in(email=customer.email, password=PASSWORD, ip="203.0.113.9") == customer
        assert AuditEntry.objects.get(action="user.unlock").actor == staff.email
        assert "/unlock/" not in page_of(office, customer)

    def test_support_sees_locks_but_cannot_unlock(self, support, customer):
        lock(customer)
        client = office_of(support)
        page = page_of(client, customer)
        assert "Until " in page
        assert "/unlock/" not in page
        assert (
            client.post(url(User, "change", customer.pk).replace("/change/", "/unlock/")).status_code == 403
        )
        assert lockout.locked_until([customer.email])


def test_the_list_can_be_filtered_by_confirmed_email(office, staff, customer):
    User.objects.filter(pk=customer.pk).update(email_verified_at=None)
    for chosen, expected in (("yes", {staff.email}), ("no", {customer.email})):
        rows = office.get(url(User, "changelist"), {"verified": chosen}).context["cl"].result_list
        assert {user.email for user in rows} == expected


class TestSessions:
    DEVICE = Device("203.0.113.5", "curl/8.5.0")

    def send(self, office: Client, user: User, **data: str):
        return office.post(url(User, "change", user.pk).replace("/change/", "/sessions/"), data)

    def test_sessions_are_listed_and_ended_one_by_one(self, office, customer, staff):
        kept, ended = (
            sessions.start_session(customer, device=self.DEVICE),
            sessions.start_session(customer, device=self.DEVICE),
        )
        page = page_of(office, customer, "sessions")
        assert page.count("203.0.113.5") == 2
        response = self.send(office, customer, session=ended.refresh_token.partition(".")[0])
        assert (response.status_code, shown_messages(response)) == (302, "Signed out.")
        sessions.refresh(kept.refresh_token)
        with pytest.raises(sessions.InvalidRefreshToken):
            sessions.refresh(ended.refresh_token)
        entry = AuditEntry.objects.get(action="user.end_session")
        assert (entry.actor, entry.object_label) == (staff.email, customer.email)

    def test_all_api_and_web_sessions_can_be_ended(self, office, customer, staff):
        grant, browser = sessions.start_session(customer, device=self.DEVICE), office_of(customer)
        self.send(office, customer, everywhere="1")
        with pytest.raises(sessions.InvalidRefreshToken):
            sessions.refresh(grant.refresh_token)
        assert browser.get("/account/").status_code == 302
        assert AuditEntry.objects.get(action="user.sign_out_everywhere").actor == staff.email
        assert "This account has no sessions." in page_of(office, customer, "sessions")

    def test_a_session_of_another_user_cannot_be_ended(self, office, customer, stranger):
        grant = sessions.start_session(stranger, device=self.DEVICE)
        for session_id in (grant.refresh_token.partition(".")[0], "nonsense", ""):
            assert "Session not found" in shown_messages(self.send(office, customer, session=session_id))
        sessions.refresh(grant.refresh_token)
        assert not AuditEntry.objects.filter(action="user.end_session").exists()

    def test_viewing_the_sessions_ends_none(self, office, customer):
        grant = sessions.start_session(customer, device=self.DEVICE)
        page_of(office, customer, "sessions")
        sessions.refresh(grant.refresh_token)

    def test_support_can_neither_see_nor_end_sessions(self, support, customer):
        grant, client = sessions.start_session(customer, device=self.DEVICE), office_of(support)
        assert "/sessions/" not in page_of(client, customer)
        assert self.send(client, customer, everywhere="1").status_code == 403
        sessions.refresh(grant.refresh_token)
