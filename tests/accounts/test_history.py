"""Sign-ins, failures and changes of accounts stand in the audit log; passwords never do."""

import re

import pytest
from django.db import DatabaseError

from accounts.models import SignInAttempts, TokenFamily, User
from accounts.recovery.services import set_password
from accounts.sessions import services as sessions
from accounts.users.services import HasOrders, UserNotFound, delete_user
from ecommerce.core import audit
from ecommerce.core.db import connection
from ecommerce.core.models import AuditEntry
from ecommerce.core.web.http import Device
from tests.accounts.mails import delivered, token_of
from tests.support import factories
from tests.support.admin_pages import Form, office_of, url
from tests.support.answers import refused
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
LOGIN = f"{AUTH}/login"
WRONG, NEW = "SecurePass124", "AnotherPass77"


def told(verb):
    """The newest entries first: actor, what the account was called."""
    entries = AuditEntry.objects.filter(action=f"user.{verb}").order_by("-at", "-pk")
    return [(entry.actor, entry.object_label) for entry in entries]


def login(api, email="customer@example.com", password=PASSWORD, **extra):
    return api.post(LOGIN, {"email": email, "password": password}, **extra)


@pytest.fixture
def broken_log(db):
    """The database refuses every entry but the one that is there: a field that none has is unique."""
    entries = connection.database.audit_entries
    audit.record(actor=None, action="fault.begin", obj=None, before={}, after={})
    entries.create_index("fault", unique=True)
    yield
    entries.drop_index("fault_1")


class TestSignIn:
    ME = ("customer@example.com", "customer@example.com")

    def test_by_the_api(self, api, customer):
        login(api, REMOTE_ADDR="198.51.100.4")
        assert told("sign_in") == [self.ME]
        entry = AuditEntry.objects.get(action="user.sign_in")
        assert (entry.actor_id, entry.object_id, entry.ip) == (
            customer.pk,
            str(customer.pk),
            "198.51.100.4",
        )

    def test_by_a_page(self, client, customer):
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        assert told("sign_in") == [self.ME]

    def test_in_the_back_office(self, client, staff):
        client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
        assert told("sign_in") == [("staff@example.com", "staff@example.com")]

    def test_a_refresh_is_none(self, api, customer):
        tokens = login(api).json()
        assert api.post(f"{AUTH}/refresh", {"refresh_token": tokens["refresh_token"]}).status_code == 200
        assert len(told("sign_in")) == 1

    def test_it_costs_one_command(self, api, customer, sent):
        commands = sent(lambda: login(api))
        assert [each for each in commands if "audit" in each] == ["insert audit_entries"]

    def test_nobody_is_signed_in_without_an_entry(self, api, client, customer, broken_log):
        api.raise_request_exception = client.raise_request_exception = False
        assert login(api).status_code == 500
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        assert not TokenFamily.objects.exists()
        assert client.get("/account/").status_code == 302

    def test_signing_up(self, api):
        api.post(f"{AUTH}/signup", {"email": "Ada@example.com", "password": PASSWORD})
        assert told("sign_up") == told("sign_in") == [("ada@example.com", "ada@example.com")]


class TestFailures:
    def test_a_known_account_is_named(self, api, customer):
        refused(login(api, password=WRONG, REMOTE_ADDR="198.51.100.4"), 401)
        assert told("fail_sign_in") == [("somebody", "customer@example.com")]
        entry = AuditEntry.objects.get(action="user.fail_sign_in")
        assert (entry.actor_id, entry.object_id, entry.ip) == (None, str(customer.pk), "198.51.100.4")
        assert told("sign_in") == []

    @pytest.mark.parametrize("path", ["/account/login/", "/admin/login/"])
    def test_on_pages_too(self, client, customer, path):
        typed = {"email": customer.email, "username": customer.email, "password": WRONG}
        client.post(path, typed)
        assert told("fail_sign_in") == [("somebody", "customer@example.com")]

    def test_an_unknown_e_mail_and_passwords_are_not_written_down(self, api, customer):
        login(api, "stranger@example.net", WRONG)
        login(api, "customer@example.com", WRONG)
        assert told("fail_sign_in")[1] == ("somebody", "unknown")
        stored = str(list(AuditEntry.objects.values()))
        assert "stranger" not in stored
        assert WRONG not in stored
        assert "customer@" in stored  # so the search would find them

    def test_known_or_not_the_same_commands_are_sent(self, api, customer, sent):
        login(api, "another@example.com", WRONG)  # warms up what is read once a process
        known, unknown = (
            sent(lambda email=email: login(api, email, WRONG)) for email in (customer.email, "nobody@x.org")
        )
        assert known == unknown
        assert known.count("insert audit_entries") == 1

    def test_a_wrong_password_of_somebody_signed_in(self, customer_api):
        refused(customer_api.delete(f"{AUTH}/me", {"password": WRONG}), 400)
        assert told("fail_sign_in") == [("somebody", "customer@example.com")]

    def test_the_lock_is_written_down_once(self, api, customer):
        for _ in range(7):
            login(api, password=WRONG)
        assert len(told("fail_sign_in")) == 5
        assert told("lock") == [("somebody", "customer@example.com")]
        assert AuditEntry.objects.get(action="user.lock").after == {"seconds": 60}

    def test_what_is_not_locked_has_no_lock(self, api, customer):
        for _ in range(4):
            login(api, password=WRONG)
        login(api)
        assert told("lock") == []

    def test_a_log_that_cannot_be_written_changes_no_answer(self, api, customer, broken_log, caplog):
        refused(login(api, password=WRONG), 401)
        assert SignInAttempts.objects.exists()
        assert "The audit log lacks an entry: user.fail_sign_in (IntegrityError)." in caplog.text


class TestSessions:
    def test_signing_out_everywhere(self, customer, customer_api, client):
        assert customer_api.post(f"{AUTH}/logout-all").status_code == 204
        client.force_login(User.objects.get())
        client.post("/account/logout-everywhere/")
        assert told("sign_out_everywhere") == [(customer.email, customer.email)] * 2

    def test_a_refresh_token_used_again(self, api, customer):
        token = sessions.start_session(customer, device=Device("", "")).refresh_token
        family = TokenFamily.objects.get()
        for _ in range(2):
            api.post(f"{AUTH}/refresh", {"refresh_token": token})
        api.post(f"{AUTH}/refresh", {"refresh_token": sessions.refresh(token).refresh_token})
        assert told("reuse_token") == []  # two tabs at once are no thieves
        for _ in range(2):
            refused(api.post(f"{AUTH}/refresh", {"refresh_token": token}), 401)
        assert told("reuse_token") == [("somebody", customer.email)]
        assert AuditEntry.objects.get(action="user.reuse_token").after == {"session": str(family.pk)}

    def test_a_family_ends_only_with_its_entry(self, api, customer, broken_log):
        token = sessions.start_session(customer, device=Device("", "")).refresh_token
        sessions.refresh(sessions.refresh(token).refresh_token)
        with pytest.raises(DatabaseError):
            sessions.refresh(token)
        assert TokenFamily.objects.get().revoked_at is None


class TestChanges:
    def test_a_changed_password(self, customer, customer_api):
        given = {"current": PASSWORD, "password": NEW}
        assert customer_api.post(f"{AUTH}/password/change", given).status_code == 200
        assert told("change_password") == [(customer.email, customer.email)]
        self.nothing_secret()

    def test_a_password_by_a_link(self, api, customer):
        api.post(f"{AUTH}/password/forgot", {"email": customer.email})
        (message,) = delivered()
        given = {"token": token_of(message), "password": NEW}
        assert api.post(f"{AUTH}/password/reset", given).status_code < 300
        assert told("reset_password") == [(customer.email, customer.email)]
        self.nothing_secret()

    def test_another_e_mail(self, api, customer, customer_api):
        customer_api.post(f"{AUTH}/email/change", {"email": "renamed@example.com", "password": PASSWORD})
        old, new = delivered()
        api.post(f"{AUTH}/email/confirm", {"token": token_of(old)})
        assert told("change_email") == []
        api.post(f"{AUTH}/email/confirm", {"token": token_of(new)})
        assert told("change_email") == [(customer.email, customer.email)]
        entry = AuditEntry.objects.get(action="user.change_email")
        assert (entry.before, entry.after) == (
            {"email": "customer@example.com"},
            {"email": "renamed@example.com"},
        )

    def test_a_password_by_an_admin(self, staff, customer):
        address = url(User, "change", customer.pk).replace("/change/", "/password/")
        Form(office_of(staff), address).send(password1=NEW, password2=NEW)
        assert told("set_password") == [("staff@example.com", "customer@example.com")]
        self.nothing_secret()

    def test_what_fails_has_no_entry(self, customer, customer_api, broken_log):
        with pytest.raises(DatabaseError):
            set_password(customer, NEW)
        assert User.objects.get().check_password(PASSWORD)

    def test_a_deleted_account(self, staff, customer):
        office_of(staff).post(url(User, "delete", customer.pk), {"post": "yes"})
        assert told("delete") == [("staff@example.com", "erased account")]
        assert "customer@" not in str(list(AuditEntry.objects.values()))

    def test_what_staff_did_stays_theirs(self, staff, product):
        delete_user(former := factories.user("former@example.com", role=User.Role.ADMIN), by=staff)
        assert told("delete") == [("staff@example.com", former.email)]

    def test_an_account_that_cannot_be_deleted_has_no_entry(self, staff, customer, product):
        factories.order(customer, (product, 1))
        with pytest.raises(HasOrders):
            delete_user(customer, by=staff)
        assert told("delete") == []

    def test_an_account_that_is_gone_is_not_deleted_twice(self, staff, customer):
        delete_user(customer, by=staff)
        with pytest.raises(UserNotFound):
            delete_user(customer, by=staff)
        assert len(told("delete")) == 1

    def nothing_secret(self):
        stored = str(list(AuditEntry.objects.values()))
        assert PASSWORD not in stored
        assert NEW not in stored
        assert not re.search(r"bcrypt|\$2b\$", stored)


class TestErasure:
    """What happened stays, and says of the person no more than an id that leads nowhere."""

    @pytest.fixture
    def erased(self, api, customer, customer_api, product):
        order = factories.order(customer, (product, 1))
        facts = {"action": "order.cancel", "obj": order, "before": {}, "after": {}}
        audit.record(actor=None, label="ada@example.com", **facts)  # as a guest, before it was claimed
        audit.record(actor=customer, **facts)
        audit.record(actor=None, **facts)
        login(api, password=WRONG, REMOTE_ADDR="198.51.100.4")
        user = User.objects.get(pk=customer.pk)
        email = {"before": {"email": "older@example.com"}, "after": {"email": customer.email}}
        audit.record(actor=user, action="user.change_email", obj=user, **email)
        self.count = AuditEntry.objects.count()
        assert customer_api.delete(f"{AUTH}/me", {"password": PASSWORD}).status_code == 204
        return order

    def test_it_is_written_down_itself(self, erased):
        assert told("erase") == [("erased account", "erased account")]

    def test_no_e_mail_is_left(self, erased):
        stored = str(list(AuditEntry.objects.values()))
        assert not re.search("customer@|ada@|older@", stored)
        assert told("change_email") == [("erased account", "erased account")]

    def test_every_entry_is_left_with_what_when_and_where_from(self, erased, customer):
        assert AuditEntry.objects.count() == self.count + 1
        assert AuditEntry.objects.get(action="user.fail_sign_in").ip == "198.51.100.4"
        assert {entry.actor_id for entry in audit.entries_of(erased)} == {None, customer.pk}
        assert [entry.actor for entry in audit.entries_of(erased)] == ["erased account"] * 2 + [""]

    def test_others_keep_theirs(self, api, stranger, erased):
        login(api, stranger.email)
        audit.forget_person(User(pk=erased.user_id))
        assert told("sign_in") == [(stranger.email, stranger.email)]


def test_the_export_of_an_account_has_its_history_and_nobody_elses(api, customer, customer_api, stranger):
    login(api, password=WRONG, REMOTE_ADDR="198.51.100.4")
    login(api, stranger.email)
    history = customer_api.get(f"{AUTH}/export").json()["history"]
    assert [(each["action"], each["ip"]) for each in history] == [("user.fail_sign_in", "198.51.100.4")]
    assert history[0].keys() == {"at", "action", "ip"}
