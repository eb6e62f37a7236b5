"""Five wrong passwords from one network, or twenty in total, lock an e-mail for a growing time."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import SignInAttempts
from accounts.recovery.services import set_password
from accounts.sign_in import lockout
from accounts.sign_in.services import InvalidCredentials, sign_in
from tests.support.factories import PASSWORD
from tests.support.hashers import CheapBCryptHasher
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/login"
WRONG = "SecurePass124"


def login(api, email="customer@example.com", password=PASSWORD, **extra):
    return api.post(LOGIN, {"email": email, "password": password}, **extra)


def fail(api, times, email="customer@example.com", **extra):
    return [login(api, email, WRONG, **extra).status_code for _ in range(times)]


def after(seconds):
    """Move the clock of the lockout forward."""
    now = lockout.time.time() + seconds
    return patch.object(lockout.time, "time", lambda: now)


@pytest.fixture
def hashed(monkeypatch):
    """Collect one entry per computed password hash."""
    counted, encode = [], CheapBCryptHasher.encode
    monkeypatch.setattr(CheapBCryptHasher, "encode", lambda *args: counted.append(1) or encode(*args))
    return counted


@pytest.mark.usefixtures("frozen_lockout")
@pytest.mark.parametrize("email", ["customer@example.com", "unknown@example.com"])
def test_the_sixth_attempt_is_refused_even_with_the_right_password(api, customer, email, hashed):
    """Known and unknown e-mails get the same answers, and each of the five attempts costs one hash."""
    assert fail(api, 5, email) == [401] * 5
    assert len(hashed) == 5
    response = login(api, email)
    assert response.status_code == 429
    assert response["Retry-After"] == "60"
    sentence = "Too many failed attempts. Please try again in 1 minute."
    assert response.json() == {"error": "locked", "message": sentence, "detail": sentence, "code": "locked"}
    assert len(hashed) == 5


@pytest.mark.usefixtures("frozen_lockout")
def test_the_sign_in_page_shows_the_lock(customer):
    client = Client()
    for _ in range(5):
        client.post("/account/login/", {"email": customer.email, "password": WRONG})
    response = client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "Too many failed attempts. Please try again in 1 minute." in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_admin_counts_failures_and_shows_the_lock(api, staff):
    client = Client()
    for _ in range(5):
        client.post("/admin/login/", {"username": staff.email, "password": WRONG})
    page = client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert page.status_code == 200
    assert "Too many failed attempts." in page.content.decode()
    assert login(api, staff.email).status_code == 429


def test_the_case_of_the_email_does_not_matter(api, customer):
    fail(api, 5, "Customer@Example.COM")
    assert login(api).status_code == 429


def test_the_lock_doubles_up_to_15_minutes(api, customer):
    fail(api, 5)
    elapsed = 0
    for minutes in (2, 4, 8, 15, 15):
        elapsed += 901
        with after(elapsed):
            assert fail(api, 1) == [401]
            assert login(api)["Retry-After"] == str(minutes * 60)


def test_after_the_lock_the_right_password_works_and_resets_the_count(api, customer):
    fail(api, 5)
    with after(61):
        assert login(api).status_code == 200
        assert fail(api, 5) == [401] * 5


def test_other_ip_addresses_can_sign_in_until_twenty_failures(api, customer):
    fail(api, 5, REMOTE_ADDR="203.0.113.1")
    assert login(api, REMOTE_ADDR="203.0.113.2").status_code == 200
    for n in range(4):
        assert fail(api, 5, REMOTE_ADDR=f"198.51.100.{n}") == [401] * 5
    assert login(api, REMOTE_ADDR="203.0.113.3").status_code == 429


def test_another_account_is_not_locked(api, customer, stranger):
    fail(api, 5)
    assert login(api, stranger.email).status_code == 200


def test_failures_expire_after_a_day_without_another(api, customer):
    fail(api, 4)
    with after(24 * 3600 + 1):
        assert fail(api, 5) == [401] * 5


def test_setting_a_password_unlocks_the_account(api, customer):
    fail(api, 5)
    set_password(customer, password="AnotherPass1")
    assert login(api, password="AnotherPass1").status_code == 200


def test_flushing_redis_unlocks_no_account(api, customer):
    fail(api, 5)
    cache.clear()
    assert login(api).status_code == 429


def test_neither_email_nor_ip_address_is_stored(api, customer):
    fail(api, 1)
    stored = str(list(SignInAttempts.objects.values()))
    assert "customer" not in stored
    assert "127.0.0.1" not in stored


def test_an_abandoned_attempt_counts_as_a_failure_after_its_time_limit(customer):
    SignInAttempts.objects.all().delete()
    for _ in range(5):  # started, but never finished
        lockout._wait_to_start(lockout._digest(customer.email), {"all": 20, "here": 5})
    with after(31), pytest.raises(InvalidCredentials):
        sign_in(email=customer.email, password=WRONG, ip="here")
    (counts,) = SignInAttempts.objects.values_list("counts", flat=True)
    assert counts["all"]["failures"] == 6


def test_old_counts_are_deleted(api, customer):
    fail(api, 1)
    lockout.delete_old()
    assert SignInAttempts.objects.exists()
    SignInAttempts.objects.update(updated_at=timezone.now() - timedelta(days=1, seconds=1))
    lockout.delete_old()
    assert not SignInAttempts.objects.exists()


@pytest.mark.parametrize("email", ["customer@example.com", "unknown@example.com"])
def test_only_five_of_20_concurrent_wrong_passwords_are_checked(customer, email, hashed):
    def wrong():
        sign_in(email=email, password=WRONG, ip="203.0.113.1")

    answers = [type(answer) for answer in at_once(20, wrong)]
    assert answers.count(InvalidCredentials) == 5
    assert answers.count(lockout.Locked) == 15
    assert len(hashed) == 5


def test_20_concurrent_right_passwords_all_sign_in(customer):
    answers = at_once(20, lambda: sign_in(email=customer.email, password=PASSWORD, ip="203.0.113.1").pk)
    assert answers == [customer.pk] * 20
