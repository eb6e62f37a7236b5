"""Sign-ins, failures and account changes are recorded in the audit log; passwords never are."""

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


def recorded(verb):
    """Return actor and account label of each entry with this verb, newest first."""
    entries = AuditEntry.objects.filter(action=f"user.{verb}").order_by("-at", "-pk")
    return [(entry.actor, entry.object_label) for entry in entries]


def login(api, email="customer@example.com", password=PASSWORD, **extra):
    return api.post(LOGIN, {"email": email, "password": password}, **extra)


@pytest.fixture
def broken_log(db):
    """Make every insert into the audit log fail: a unique index on a missing field allows one entry only."""
    entries = connection.database.audit_entries
    audit.record(actor=None, action="fault.begin", obj=None, before={}, after={})
    entries.create_index("fault", unique=True)
    yield
    entries.drop_index("fault_1")


class TestSignIn:
    ME = ("customer@example.com", "customer@example.com")

    def test_signing_in_through_the_api_is_recorded(self, api, customer):
        login(api, REMOTE_ADDR="198.51.100.4")
        assert recorded("sign_in") == [self.ME]
        entry = AuditEntry.objects.get(action="user.sign_in")
        assert (entry.actor_id, entry.object_id, entry.ip) == (
            customer.pk,
            str(customer.pk),
            "198.51.100.4",
        )

    def test_signing_in_on_the_page_is_recorded(self, client, customer):
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        assert recorded("sign_in") == [self.ME]

    def test_signing_in_to_the_admin_is_recorded(self, client, staff):
        client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
        assert recorded("sign_in") == [("staff@example.com", "staff@example.com")]

    def test_a_token_refresh_is_no_sign_in(self, api, customer):
        tokens = login(api).json()
        assert api.post(f"{AUTH}/refresh", {"refresh_token": tokens["refresh_token"]}).status_code == 200
        assert len(recorded("sign_in")) == 1

    def test_recording_takes_one_command(self, api, customer, sent):
        commands = sent(lambda: login(api))
        assert [each for each in commands if "audit" in each] == ["insert audit_entries"]

    def test_without_an_entry_signing_in_fails(self, api, client, customer, broken_log):
        api.raise_request_exception = client.raise_request_exception = False
        assert login(api).status_code == 500
        client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
        assert not TokenFamily.objects.exists()
        assert client.get("/account/").status_code == 302

    def test_signing_up_is_recorded(self, api):
        api.post(f"{AUTH}/signup", {"email": "Ada@example.com", "password": PASSWORD})
        assert recorded("sign_up") == recorded("sign_in") == [("ada@example.com", "ada@example.com")]


class TestFailures:
    def test_a_failure_names_a_known_account(self, api, customer):
        refused(login(api, password=WRONG, REMOTE_ADDR="198.51.100.4"), 401)
        assert recorded("fail_sign_in") == [("unidentified", "customer@example.com")]
        entry = AuditEntry.objects.get(action="user.fail_sign_in")
        assert (entry.actor_id, entry.object_id, entry.ip) == (None, str(customer.pk), "198.51.100.4")
        assert recorded("sign_in") == []

    @pytest.mark.parametrize("path", ["/account/login/", "/admin/login/"])
    def test_failures_on_pages_are_recorded(self, client, customer, path):
        credentials = {"email": customer.email, "username": customer.email, "password": WRONG}
        client.post(path, credentials)
        assert recorded("fail_sign_in") == [("unidentified", "customer@example.com")]

    def test_unknown_emails_and_passwords_are_never_recorded(self, api, customer):
        login(api, "stranger@example.net", WRONG)
        login(api, "customer@example.com", WRONG)
        assert recorded("fail_sign_in")[1] == ("unidentified", "unknown")
        stored = str(list(AuditEntry.objects.values()))
        assert "stranger" not in stored
        assert WRONG not in stored
        assert "customer@" in stored  # proves that the search would find an address

    def test_known_and_unknown_emails_send_the_same_commands(self, api, customer, sent):
        login(api, "another@example.com", WRONG)  # warms up per-process caches
        known, unknown = (
            sent(lambda email=email: login(api, email, WRONG)) for email in (customer.email, "unknown@x.org")
        )
        assert known == unknown
        assert known.count("insert audit_entries") == 1

    def test_a_wrong_password_while_signed_in_is_recorded(self, customer_api):
        refused(customer_api.delete(f"{AUTH}/me", {"password": WRONG}), 400)
        assert recorded("fail_sign_in") == [("unidentified", "customer@example.com")]

    def test_a_lock_is_recorded_once(self, api, customer):
        for _ in range(7):
            login(api, password=WRONG)
        assert len(recorded("fail_sign_in")) == 5
        assert recorded("lock") == [("unidentified", "customer@example.com")]
        assert AuditEntry.objects.get(action="user.lock").after == {"seconds": 60}

    def test_no_lock_is_recorded_below_the_limit(self, api, customer):
        for _ in range(4):
            login(api, password=WRONG)
        login(api)
        assert recorded("lock") == []

    def test_a_failing_audit_log_does_not_change_the_answer(self, api, customer, broken_log, caplog):
        refused(login(api, password=WRONG), 401)
        assert SignInAttempts.objects.exists()
        assert "The audit log lacks an entry: user.fail_sign_in (IntegrityError)." in caplog.text


class TestSessions:
    def test_signing_out_everywhere_is_recorded(self, customer, customer_api, client):
        assert customer_api.post(f"{AUTH}/logout-all").status_code == 204
        client.force_login(User.objects.get())
        client.post("/account/logout-everywhere/")
        assert recorded("sign_out_everywhere") == [(customer.email, customer.email)] * 2

    def test_reuse_of_a_refresh_token_is_recorded(self, api, customer):
        token = sessions.start_session(customer, device=Device("", "")).refresh_token
        family = TokenFamily.objects.get()
        for _ in range(2):
            api.post(f"{AUTH}/refresh", {"refresh_token": token})
        api.post(f"{AUTH}/refresh", {"refresh_token": sessions.refresh(token).refresh_token})
        assert recorded("reuse_token") == []  # within the grace period for concurrent tabs
        for _ in range(2):
            refused(api.post(f"{AUTH}/refresh", {"refresh_token": token}), 401)
        assert recorded("reuse_token") == [("unidentified", customer.email)]
        assert AuditEntry.objects.get(action="user.reuse_token").after == {"session": str(family.pk)}

    def test_a_token_family_is_revoked_only_together_with_its_entry(self, api, customer, broken_log):
        token = sessions.start_session(customer, device=Device("", "")).refresh_token
        sessions.refresh(sessions.refresh(token).refresh_token)
        with pytest.raises(DatabaseError):
            sessions.refresh(token)
        assert TokenFamily.objects.get().revoked_at is None


class TestChanges:
    def test_a_password_change_is_recorded(self, customer, customer_api):
        body = {"current": PASSWORD, "password": NEW}
        assert customer_api.post(f"{AUTH}/password/change", body).status_code == 200
        assert recorded("change_password") == [(customer.email, customer.email)]
        self.assert_no_secret_is_stored()

    def test_a_password_reset_is_recorded(self, api, customer):
        api.post(f"{AUTH}/password/forgot", {"email": customer.email})
        (message,) = delivered()
        body = {"token": token_of(message), "password": NEW}
        assert api.post(f"{AUTH}/password/reset", body).status_code < 300
        assert recorded("reset_password") == [(customer.email, customer.email)]
        self.assert_no_secret_is_stored()

    def test_an_email_change_is_recorded(self, api, customer, customer_api):
        customer_api.post(f"{AUTH}/email/change", {"email": "renamed@example.com", "password": PASSWORD})
        old, new = delivered()
        api.post(f"{AUTH}/email/confirm", {"token": token_of(old)})
        assert recorded("change_email") == []
        api.post(f"{AUTH}/email/confirm", {"token": token_of(new)})
        assert recorded("change_email") == [(customer.email, customer.email)]
        entry = AuditEntry.objects.get(action="user.change_email")
        assert (entry.before, entry.after) == (
            {"email": "customer@example.com"},
            {"email": "renamed@example.com"},
        )

    def test_a_password_set_by_an_admin_is_recorded(self, staff, customer):
        address = url(User, "change", customer.pk).replace("/change/", "/password/")
        Form(office_of(staff), address).send(password1=NEW, password2=NEW)
        assert recorded("set_password") == [("staff@example.com", "customer@example.com")]
        self.assert_no_secret_is_stored()

    def test_a_change_is_rolled_back_without_its_entry(self, customer, customer_api, broken_log):
        with pytest.raises(DatabaseError):
            set_password(customer, password=NEW)
        assert User.objects.get().check_password(PASSWORD)

    def test_a_deletion_is_recorded_without_personal_data(self, staff, customer):
        office_of(staff).post(url(User, "delete", customer.pk), {"post": "yes"})
        assert recorded("delete") == [("staff@example.com", "erased account")]
        assert "customer@" not in str(list(AuditEntry.objects.values()))

    def test_entries_of_deleted_staff_keep_their_names(self, staff, product):
        delete_user(former := factories.user("former@example.com", role=User.Role.ADMIN), by=staff)
        assert recorded("delete") == [("staff@example.com", former.email)]

    def test_a_refused_deletion_is_not_recorded(self, staff, customer, product):
        factories.order(customer, (product, 1))
        with pytest.raises(HasOrders):
            delete_user(customer, by=staff)
        assert recorded("delete") == []

    def test_a_repeated_deletion_is_not_recorded(self, staff, customer):
        delete_user(customer, by=staff)
        with pytest.raises(UserNotFound):
            delete_user(customer, by=staff)
        assert len(recorded("delete")) == 1

    def assert_no_secret_is_stored(self):
        stored = str(list(AuditEntry.objects.values()))
        assert PASSWORD not in stored
        assert NEW not in stored
        assert not re.search(r"bcrypt|\$2b\$", stored)


class TestErasure:
    """An erasure keeps the audit entries, but removes the person's name from them."""

    @pytest.fixture
    def erased(self, api, customer, customer_api, product):
        order = factories.order(customer, (product, 1))
        facts = {"action": "order.cancel", "obj": order, "before": {}, "after": {}}
        audit.record(actor=None, label="ada@example.com", **facts)  # placed as a guest, later claimed
        audit.record(actor=customer, **facts)
        audit.record(actor=None, **facts)
        login(api, password=WRONG, REMOTE_ADDR="198.51.100.4")
        user = User.objects.get(pk=customer.pk)
        email = {"before": {"email": "older@example.com"}, "after": {"email": customer.email}}
        audit.record(actor=user, action="user.change_email", obj=user, **email)
        self.count = AuditEntry.objects.count()
        assert customer_api.delete(f"{AUTH}/me", {"password": PASSWORD}).status_code == 204
        return order

    def test_the_erasure_is_recorded(self, erased):
        assert recorded("erase") == [("erased account", "erased account")]

    def test_no_email_remains(self, erased):
        stored = str(list(AuditEntry.objects.values()))
        assert not re.search("customer@|ada@|older@", stored)
        assert recorded("change_email") == [("erased account", "erased account")]

    def test_all_entries_remain_with_action_and_ip_address(self, erased, customer):
        assert AuditEntry.objects.count() == self.count + 1
        assert AuditEntry.objects.get(action="user.fail_sign_in").ip == "198.51.100.4"
        assert {entry.actor_id for entry in audit.entries_of(erased)} == {None, customer.pk}
        assert [entry.actor for entry in audit.entries_of(erased)] == ["erased account"] * 2 + [""]

    def test_entries_of_other_accounts_are_unchanged(self, api, stranger, erased):
        login(api, stranger.email)
        audit.forget_person(User(pk=erased.user_id))
        assert recorded("sign_in") == [(stranger.email, stranger.email)]


def test_the_data_export_contains_only_the_accounts_own_history(api, customer, customer_api, stranger):
    login(api, password=WRONG, REMOTE_ADDR="198.51.100.4")
    login(api, stranger.email)
    history = customer_api.get(f"{AUTH}/export").json()["history"]
    assert [(each["action"], each["ip"]) for each in history] == [("user.fail_sign_in", "198.51.100.4")]
    assert history[0].keys() == {"at", "action", "ip"}
