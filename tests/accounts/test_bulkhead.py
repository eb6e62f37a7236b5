"""Password work occupies two threads of a process at most; further requests are refused at once."""

from contextlib import ExitStack, nullcontext
from threading import Event, Thread

import pytest
from django.test import Client

from accounts.models import SignInAttempts
from accounts.sign_in import backends, services
from accounts.sign_in.bulkhead import password_work
from ecommerce.core.errors import Busy
from tests.support.factories import PASSWORD
from tests.support.hashers import CheapBCryptHasher

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/login"
CHANGE = {"current": PASSWORD, "password": "AnotherPass1"}


@pytest.fixture
def two_threads(settings):
    settings.PASSWORD_THREADS = 2


def full():
    """Occupy the bulkhead, as two sign-ins of other clients do."""
    stack = ExitStack()
    stack.enter_context(password_work())
    stack.enter_context(password_work())
    return stack


def is_busy(response):
    return (response.status_code, response["Retry-After"]) == (503, "1")


@pytest.mark.usefixtures("two_threads")
def test_signing_in_beyond_the_bulkhead_is_a_503_that_counts_as_no_failure(api, customer):
    with full():
        response = api.post(LOGIN, {"email": customer.email, "password": PASSWORD})
    assert is_busy(response)
    assert response.json()["code"] == "busy"
    assert not SignInAttempts.objects.exists()


@pytest.mark.usefixtures("two_threads")
def test_signing_up_beyond_the_bulkhead_creates_no_account(api, django_user_model):
    with full():
        response = api.post("/api/v1/auth/signup", {"email": "new@example.com", "password": PASSWORD})
    assert is_busy(response)
    assert not django_user_model.objects.exists()


@pytest.mark.usefixtures("two_threads")
def test_changing_the_password_beyond_the_bulkhead_changes_nothing(customer_api, customer):
    with full():
        response = customer_api.post("/api/v1/auth/password/change", CHANGE)
    assert is_busy(response)
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)


@pytest.mark.usefixtures("two_threads")
def test_the_pages_keep_what_was_typed_and_ask_to_try_again(customer):
    with full():
        response = Client().post("/account/login/", {"email": customer.email, "password": PASSWORD})
    assert is_busy(response)
    page = response.content.decode()
    assert "The shop is busy. Please try again in a moment." in page
    assert customer.email in page


@pytest.mark.usefixtures("two_threads")
def test_the_back_office_answers_503_too(staff):
    with full():
        response = Client().post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert is_busy(response)


@pytest.mark.usefixtures("two_threads")
def test_pages_and_the_catalog_are_answered_meanwhile(api, client):
    with full():
        assert client.get("/").status_code == 200
        assert api.get("/api/v1/products").status_code == 200


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(("naive", "refused"), [(False, 8), (True, 0)], ids=["bulkhead", "naive"])
def test_of_ten_sign_ins_at_once_eight_are_refused_while_the_hash_is_computed(monkeypatch, naive, refused):
    """Without the bulkhead all ten wait for the hasher, and no thread is left."""
    hash_may_end, answers = Event(), []
    encode = CheapBCryptHasher.encode
    monkeypatch.setattr(CheapBCryptHasher, "encode", lambda *args: hash_may_end.wait(20) and encode(*args))
    if naive:
        monkeypatch.setattr(backends, "password_work", nullcontext)
    clients = [Thread(target=lambda name=name: answers.append(sign_in_fails(name))) for name in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(0.3)
    early = list(answers)
    hash_may_end.set()
    for client in clients:
        client.join()
    assert len(early) == refused
    assert all(isinstance(answer, Busy) for answer in early)
    assert len(answers) == 10


def sign_in_fails(name):
    try:
        services.sign_in(email=f"unknown{name}@example.com", password=PASSWORD, ip="192.0.2.1")
    except (Busy, services.InvalidCredentials) as error:
        return error
