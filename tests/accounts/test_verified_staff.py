"""An account that a stranger registered for another person's e-mail never becomes staff unnoticed."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.sign_in.services import sign_up
from ecommerce.core.models import AuditEntry
from tests.accounts.mails import delivered, link_of
from tests.support.admin_pages import Form, office_of, url
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
EMAIL = "boss@example.com"


@pytest.fixture
def registered():
    """An account that a stranger has registered with a password of their own."""
    return sign_up(email=EMAIL, password=PASSWORD)


@pytest.fixture
def production(settings):
    settings.REQUIRE_VERIFIED_STAFF = True


def by_promotion(staff):
    refused(api_of(staff).post(f"{AUTH}/promote-to-admin", {"email": EMAIL}), 409, field="role")


def by_role(staff):
    refused(api_of(staff).post(f"{AUTH}/role", {"email": EMAIL, "role": "support"}), 409, field="role")


def by_back_office(staff):
    form = Form(office_of(staff), url(User, "change", User.objects.get(email=EMAIL).pk))
    assert "Staff need a confirmed e-mail." in form.send(role="manager").content.decode()


def by_command(staff):
    with pytest.raises(CommandError, match="Staff need a confirmed e-mail"):
        call_command("create_admin", EMAIL, promote=True)


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("path", [by_promotion, by_role, by_back_office, by_command])
def test_an_unconfirmed_email_gets_no_staff_role(staff, registered, path, monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "AnotherPass1")
    path(staff)
    stored = User.objects.get(pk=registered.pk)
    assert (stored.role, stored.token_version, stored.password) == ("user", 0, registered.password)
    assert not AuditEntry.objects.filter(action="user.set_role", object_id=str(registered.pk)).exists()


@pytest.mark.usefixtures("production")
def test_a_confirmed_email_may_be_promoted(staff_api, customer):
    answer = staff_api.post(f"{AUTH}/promote-to-admin", {"email": customer.email})
    assert (answer.status_code, answer.json()["role"]) == (200, "admin")


@pytest.mark.usefixtures("production")
def test_an_admin_cannot_give_staff_an_unconfirmed_email(staff, support, customer):
    office = office_of(staff)
    page = Form(office, url(User, "change", support.pk)).send(email="typo@example.com")
    assert "Staff need a confirmed e-mail." in page.content.decode()
    assert User.objects.get(pk=support.pk).email == support.email
    both = Form(office, url(User, "change", customer.pk)).send(email="typo@example.com", role="support")
    assert both.status_code == 200
    assert Form(office, url(User, "change", customer.pk)).send(email="typo@example.com").status_code == 302


def test_in_development_the_promotion_works_as_specified(staff_api, registered):
    answer = staff_api.post(f"{AUTH}/promote-to-admin", {"email": EMAIL})
    assert (answer.status_code, answer.json()["role"]) == (200, "admin")


@pytest.mark.parametrize("required", [True, False])
def test_a_promotion_ends_all_sessions_and_tells_the_mailbox(staff_api, customer, settings, required):
    settings.REQUIRE_VERIFIED_STAFF = required
    session = api_of(customer)
    staff_api.post(f"{AUTH}/role", {"email": customer.email, "role": "support"})
    refused(session.get(f"{AUTH}/me"), 401)
    (notice,) = delivered()
    assert notice.to == [customer.email]
    assert "the role “support”" in notice.body
    assert link_of(notice) == "/account/password/forgot/"


def test_create_admin_leaves_an_existing_account_alone(customer, monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "AnotherPass1")
    with pytest.raises(CommandError, match="--promote"):
        call_command("create_admin", customer.email)
    stored = User.objects.get()
    assert (stored.role, stored.password) == ("user", customer.password)


def test_create_admin_promotes_with_the_password_that_it_was_given(api, customer, customer_api, monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "AnotherPass1")
    call_command("create_admin", customer.email, promote=True, stdout=io.StringIO())
    refused(customer_api.get(f"{AUTH}/me"), 401)
    refused(api.post(f"{AUTH}/login", {"email": customer.email, "password": PASSWORD}), 401)
    answer = api.post(f"{AUTH}/login", {"email": customer.email, "password": "AnotherPass1"})
    assert answer.status_code == 200
    assert User.objects.get().is_superuser
    assert {mail.subject for mail in delivered()} == {
        "Your password was changed",
        "Your account has another role",
    }
