"""Wrong passwords: five from one address, twenty from anywhere, then a pause that grows."""

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
    """A later moment of the lockout's clock."""
    now = lockout.time.time() + seconds
    return patch.object(lockout.time, "time", lambda: now)


@pytest.fixture
def hashed(monkeypatch):
    """One entry for each hash."""
    counted, encode = [], CheapBCryptHasher.encode
    monkeypatch.setattr(CheapBCryptHasher, "encode", lambda *given: counted.append(1) or encode(*given))
    return counted


@pytest.mark.parametrize("email", ["customer@example.com", "nobody@example.com"])
def test_attempt_6_is_refused_with_the_right_password_too(api, customer, email, hashed):
    """Known or not, the answers are the same, and the hasher runs once for each of the five."""
    assert fail(api, 5, email) == [401] * 5
    assert len(hashed) == 5
    response = login(api, email)
    assert response.status_code == 429
    assert response["Retry-After"] == "60"
    sentence = "Too many failed attempts. Please try again in 1 minute."
    assert response.json() == {"error": "locked", "message": sentence, "detail": sentence, "code": "locked"}
    assert len(hashed) == 5


def test_the_page_says_so_in_a_sentence(customer):
    client = Client()
    for _ in range(5):
        client.post("/account/login/", {"email": customer.email, "password": WRONG})
    response = client.post("/account/login/", {"email": customer.email, "password": PASSWORD})
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "Too many failed attempts. Please try again in 1 minute." in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_back_office_counts_too_and_says_so(api, staff):
    client = Client()
    for _ in range(5):
        client.post("/admin/login/", {"username": staff.email, "password": WRONG})
    page = client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert page.status_code == 200
    assert "Too many failed attempts." in page.content.decode()
    assert login(api, staff.email).status_code == 429


def test_the_case_of_the_e_mail_makes_no_other_account(api, customer):
    fail(api, 5, "Customer@Example.COM")
    assert login(api).status_code == 429


def test_the_pause_doubles_up_to_a_quarter_of_an_hour(api, customer):
    fail(api, 5)
    passed = 0
    for minutes in (2, 4, 8, 15, 15):
        passed += 901
        with after(passed):
            assert fail(api, 1) == [401]
            assert login(api)["Retry-After"] == str(minutes * 60)


def test_after_the_pause_the_right_password_works_and_clears_the_count(api, customer):
    fail(api, 5)
    with after(61):
        assert login(api).status_code == 200
        assert fail(api, 5) == [401] * 5


def test_another_address_still_gets_in_until_twenty_failures(api, customer):
    fail(api, 5, REMOTE_ADDR="203.0.113.1")
    assert login(api, REMOTE_ADDR="203.0.113.2").status_code == 200
    for n in range(4):
        assert fail(api, 5, REMOTE_ADDR=f"198.51.100.{n}") == [401] * 5
    assert login(api, REMOTE_ADDR="203.0.113.3").status_code == 429


def test_another_account_is_not_locked(api, customer, stranger):
    fail(api, 5)
    assert login(api, stranger.email).status_code == 200


def test_a_day_without_a_failure_is_forgotten(api, customer):
    fail(api, 4)
    with after(24 * 3600 + 1):
        assert fail(api, 5) == [401] * 5


def test_a_new_password_unlocks(api, customer):
    fail(api, 5)
    set_password(customer, "AnotherPass1")
    assert login(api, password="AnotherPass1").status_code == 200


def test_a_flush_of_redis_unlocks_nobody(api, customer):
    fail(api, 5)
    cache.clear()
    assert login(api).status_code == 429


def test_neither_e_mail_nor_address_stands_in_the_database(api, customer):
    fail(api, 1)
    stored = str(list(SignInAttempts.objects.values()))
    assert "customer" not in stored
    assert "127.0.0.1" not in stored


def test_a_broken_attempt_counts_as_a_failure_once_its_process_is_given_up(customer):
    SignInAttempts.objects.all().delete()
    for _ in range(5):  # begun, and killed
        lockout._admit(lockout._digest(customer.email), {"all": 20, "here": 5})
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


@pytest.mark.parametrize("email", ["customer@example.com", "nobody@example.com"])
def test_of_20_wrong_passwords_at_once_five_are_tried(customer, email, hashed):
    def wrong():
        sign_in(email=email, password=WRONG, ip="203.0.113.1")

    answers = [type(answer) for answer in at_once(20, wrong)]
    assert answers.count(InvalidCredentials) == 5
    assert answers.count(lockout.Locked) == 15
    assert len(hashed) == 5


def test_20_right_passwords_at_once_all_sign_in(customer):
    answers = at_once(20, lambda: sign_in(email=customer.email, password=PASSWORD, ip="203.0.113.1").pk)
    assert answers == [customer.pk] * 20
