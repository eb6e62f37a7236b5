import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db


def create_admin(email="boss@example.com", **options):
    out = io.StringIO()
    call_command("create_admin", email, stdout=out, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)


def test_it_creates_an_admin_who_can_sign_in(api):
    assert create_admin("Boss@Example.com") == "Created the admin boss@example.com.\n"
    user = User.objects.get()
    assert (user.email, user.is_superuser) == ("boss@example.com", True)
    login = {"email": "boss@example.com", "password": PASSWORD}
    assert api.post("/api/v1/auth/login", login).status_code == 200


def test_an_existing_admin_is_an_error(staff):
    for options, reason in (({}, "has an account"), ({"promote": True}, "User is already an admin")):
        with pytest.raises(CommandError, match=reason):
            create_admin(staff.email, **options)


def test_an_unknown_email_cannot_be_promoted(db):
    with pytest.raises(CommandError, match="User not found"):
        create_admin(promote=True)


@pytest.mark.parametrize("password", ["short", "x" * 129])
def test_a_bad_password_is_refused_and_not_shown(monkeypatch, password):
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    with pytest.raises(CommandError, match=r"^password: ") as refused:
        create_admin()
    assert password not in str(refused.value)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "email", ["no-email", "", "a b@example.com", ".*@example.com\n", "\udcff@example.com"]
)
def test_a_bad_email_is_refused(email):
    with pytest.raises(CommandError, match=r"^email: "):
        create_admin(email)
    assert not User.objects.exists()


def test_without_the_variable_it_prompts_twice(monkeypatch):
    monkeypatch.delenv("ADMIN_PASSWORD")
    answers = iter([PASSWORD, PASSWORD, PASSWORD, "mistyped"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    create_admin()
    with pytest.raises(CommandError, match="differ"):
        create_admin("second@example.com")
    assert User.objects.count() == 1


def test_without_a_terminal_it_names_the_variable_to_set(monkeypatch):
    def fail(prompt):
        raise EOFError

    monkeypatch.delenv("ADMIN_PASSWORD")
    monkeypatch.setattr("getpass.getpass", fail)
    with pytest.raises(CommandError, match="ADMIN_PASSWORD"):
        create_admin()


def test_it_creates_and_promotes_other_staff(customer):
    assert create_admin(role="support") == "Created the support boss@example.com.\n"
    assert "Promoted" in create_admin("Customer@example.com", role="manager", promote=True)
    assert {user.email: user.role for user in User.objects.all()} == {
        "boss@example.com": "support",
        "customer@example.com": "manager",
    }


def test_it_never_demotes_an_admin(staff):
    with pytest.raises(CommandError, match="already an admin"):
        create_admin(staff.email, role="support", promote=True)
    staff.refresh_from_db()
    assert staff.is_superuser


def test_a_role_outside_the_staff_is_refused(db):
    for role in ("user", "owner"):
        with pytest.raises(CommandError, match="--role"):
            call_command("create_admin", "boss@example.com", f"--role={role}")
