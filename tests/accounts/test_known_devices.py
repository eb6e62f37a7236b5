"""A browser in which the owner signed in before is not locked out by a stranger's wrong passwords."""

import io
import time
from dataclasses import asdict

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import SignInAttempts
from accounts.sign_in import lockout
from accounts.sign_in.known_devices import LIFETIME, presented, recognize
from accounts.sign_in.services import sign_in
from ecommerce.core.models import AuditEntry
from tests.accounts.mails import delivered, link_of
from tests.support.factories import PASSWORD
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/login"
WRONG = "SecurePass124"


def page_login(client, user, password=PASSWORD):
    """Return whether signing in on the page succeeded."""
    return client.post("/account/login/", {"email": user.email, "password": password}).status_code == 302


def office_login(client, user, password=PASSWORD):
    body = {"username": user.email, "password": password}
    return client.post("/admin/login/?next=/admin/", body).status_code == 302


def api_login(client, user, password=PASSWORD):
    body = {"email": user.email, "password": password, "cookie": True}
    return client.post(LOGIN, body, content_type="application/json").status_code == 200


def device_cookie(client):
    (cookie,) = [morsel for name, morsel in client.cookies.items() if name.startswith("known_device_")]
    return cookie


def known(user, login=page_login):
    """Return a browser in which the user signed in and out."""
    client = Client()
    assert login(client, user)
    client.post("/account/logout/")
    client.cookies.pop("sessionid", None)
    return client


def lock(user):
    """Store what an attack leaves behind."""
    count = lockout.Count(failures=20, changed=time.time(), locked_until=time.time() + 60)
    row = {"counts": {"all": asdict(count)}, "stamp": "", "updated_at": timezone.now()}
    SignInAttempts.objects.update_or_create(pk=lockout._digest(user.email), defaults=row)


def attack(user):
    """Fail 20 times from four addresses, which locks the account from anywhere."""
    for address in range(4):
        for _ in range(5):
            with lockout.attempt(user.email, f"198.51.100.{address}"):
                pass  # a wrong password, without the page around it


@pytest.mark.parametrize(
    ("login", "happens"), [(page_login, lock), (office_login, attack), (api_login, lock)]
)
def test_the_owner_gets_in_from_a_known_device_while_strangers_are_locked_out(staff, login, happens):
    browser = known(staff, login)
    happens(staff)
    assert lockout.locked_until([staff.email])
    assert not login(Client(REMOTE_ADDR="203.0.113.9"), staff)
    assert login(browser, staff)


def test_a_known_device_has_a_budget_of_its_own(customer):
    browser = known(customer)
    assert [page_login(browser, customer, WRONG) for _ in range(5)] == [False] * 5
    answer = browser.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert page_login(Client(), customer)  # the address itself is not locked


def test_the_owners_sign_in_gives_strangers_no_second_budget(customer):
    browser = known(customer)
    attack(customer)
    assert page_login(browser, customer)
    assert lockout.locked_until([customer.email])
    with pytest.raises(lockout.Locked), lockout.attempt(customer.email, "203.0.113.9"):
        pass


def test_the_owners_sign_in_clears_the_failures_of_the_device(customer):
    browser = known(customer)
    for _ in range(2):
        assert not any(page_login(browser, customer, WRONG) for _ in range(4))
        assert page_login(browser, customer)
        browser.post("/account/logout/")
    assert not SignInAttempts.objects.exists()


def test_many_known_devices_are_locked_together(customer):
    """A thief may have kept the cookies of many sign-ins from before the password changed."""
    browsers = [known(customer) for _ in range(5)]
    for browser in browsers[:4]:
        for _ in range(5):
            with lockout.attempt(customer.email, "203.0.113.1", [device_cookie(browser).value]):
                pass
    assert not page_login(browsers[4], customer)
    assert page_login(Client(), customer)


def test_twenty_concurrent_guesses_from_a_known_device_are_not_all_checked(customer):
    cookies = [device_cookie(known(customer)).value]
    answers = at_once(
        20, lambda: sign_in(email=customer.email, password=WRONG, ip="203.0.113.1", devices=cookies)
    )
    assert 1 <= [type(answer).__name__ for answer in answers].count("InvalidCredentials") <= 5


def test_the_cookie_works_only_for_its_account(customer, stranger):
    browser = known(customer)
    lock(stranger)
    assert not page_login(browser, stranger)


def test_a_browser_is_known_to_each_of_its_accounts(customer, staff):
    browser = known(customer)
    assert office_login(browser, staff)
    browser.post("/account/logout/")
    for user in (customer, staff):
        lock(user)
        assert page_login(browser, user)
        browser.post("/account/logout/")


def test_a_device_keeps_its_id_so_that_signing_in_again_gives_no_second_budget(customer):
    browser = known(customer)
    first = recognize([device_cookie(browser).value], customer.email)
    assert page_login(browser, customer)
    assert recognize([device_cookie(browser).value], customer.email) == first


def test_forged_and_expired_cookies_make_no_device_known(customer, monkeypatch):
    value = device_cookie(known(customer)).value
    for forged in (
        "",
        "x",
        f"0000000000000000{value[16:]}",
        f"{value[:-1]}{'A' if value[-1] != 'A' else 'B'}",
    ):
        assert recognize([forged], customer.email) is None
    assert recognize([value], customer.email)
    later = time.time() + LIFETIME.total_seconds() + 5
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert recognize([value], customer.email) is None


def test_a_previous_secret_still_knows_the_device(customer, settings):
    value = device_cookie(known(customer)).value
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [settings.SECRET_KEY]
    assert recognize([value], customer.email)


def test_the_cookie_is_out_of_reach_of_scripts_and_names_nobody(customer, settings):
    cookie = device_cookie(known(customer))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["max-age"] == LIFETIME.total_seconds()
    assert customer.email not in cookie.value
    settings.SESSION_COOKIE_SECURE = True
    client = Client()
    page_login(client, customer)
    (name,) = [name for name in client.cookies if "known_device" in name]
    assert name.startswith("__Host-")
    assert client.cookies[name]["secure"]


def test_only_a_successful_sign_in_sets_it(api, customer):
    client = Client()
    page_login(client, customer, WRONG)
    assert not any("known_device" in name for name in client.cookies)
    answer = api.post(LOGIN, {"email": customer.email, "password": PASSWORD})
    assert not answer.cookies  # a program, which gets its tokens in the body


def test_a_reset_by_mail_makes_the_device_known(customer, api):
    api.post("/api/v1/auth/password/forgot", {"email": customer.email})
    client, link = Client(), link_of(delivered()[0])
    token = client.get(link).context["form"]["token"].value()
    client.post(link, {"token": token, "password": "AnotherPass1"})
    lock(customer)
    assert page_login(client, customer, "AnotherPass1")


def test_a_signed_in_owner_confirms_the_password_during_an_lock(customer):
    browser = Client()
    page_login(browser, customer)
    lock(customer)
    answer = browser.post("/account/password/", {"current": PASSWORD, "password": "AnotherPass1"})
    assert answer.status_code == 302


def test_only_ten_cookies_are_read(rf):
    request = rf.get("/")
    request.COOKIES = {f"known_device_{number}": "x" for number in range(50)}
    assert len(presented(request)) == 10


def test_the_command_unlocks_an_account(customer):
    lock(customer)
    out = io.StringIO()
    call_command("unlock", "Customer@example.com", stdout=out)
    assert out.getvalue() == "Unlocked customer@example.com.\n"
    assert page_login(Client(), customer)
    assert AuditEntry.objects.get(action="user.unlock").actor == ""
    with pytest.raises(CommandError, match="User not found"):
        call_command("unlock", "unknown@example.com")
