"""Changing the password requires the current one and ends all other sessions."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.recovery.services import change_password
from accounts.sign_in.services import sign_in
from tests.accounts.mails import delivered
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
URL, ME = "/api/v1/auth/password/change", "/api/v1/auth/me"
NEW = "AnotherPass1"


def change(api, current=PASSWORD, password=NEW, **more):
    return api.post(URL, {"current": current, "password": password, **more})


def page_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_api_starts_a_new_session_and_ends_all_others(api, customer, customer_api):
    client = page_of(customer)
    response = change(customer_api)
    assert response.status_code == 200
    assert response.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    token = response.json()["access_token"]
    assert api.get(ME, HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 200
    refused(customer_api.get(ME), 401)
    assert client.get("/account/").status_code == 302
    assert sign_in(email=customer.email, password=NEW, ip="") == customer


def test_on_the_page_the_session_continues_with_a_new_key(customer, customer_api):
    client, other = page_of(customer), page_of(customer)
    before = client.session.session_key
    assert client.post("/account/password/", {"current": PASSWORD, "password": NEW}).status_code == 302
    assert client.session.session_key != before
    assert "signed out everywhere else" in client.get("/account/").content.decode()
    assert other.get("/account/").status_code == 302
    refused(customer_api.get(ME), 401)


def test_the_owner_is_notified_by_mail(customer_api, customer):
    change(customer_api)
    (message,) = delivered()
    assert (message.to, message.subject) == ([customer.email], "Your password was changed")


def test_a_wrong_password_changes_nothing(customer, customer_api):
    refused(change(customer_api, "SecurePass124"), 400, "This is not your password.", field="current")
    page = page_of(customer).post("/account/password/", {"current": "SecurePass124", "password": NEW})
    assert page.status_code == 422
    assert "This is not your password." in page.content.decode()
    assert customer_api.get(ME).status_code == 200


@pytest.mark.usefixtures("frozen_lockout")
def test_wrong_passwords_lock_the_account_as_at_sign_in(api, customer, customer_api):
    for _ in range(5):
        change(customer_api, "SecurePass124")
    response = change(customer_api)
    assert (response.status_code, response["Retry-After"]) == (429, "60")
    page = page_of(customer).post("/account/password/", {"current": PASSWORD, "password": NEW})
    assert (page.status_code, page["Retry-After"]) == (429, "60")
    login = {"email": customer.email, "password": PASSWORD}
    assert api.post("/api/v1/auth/login", login).status_code == 429


@pytest.mark.parametrize("password", ["password123", "12345678", "customer@example.com", "short", "x" * 129])
def test_a_weak_password_is_refused_by_the_api_and_on_the_page(customer, customer_api, password):
    refused(change(customer_api, password=password), 400, field="password")
    page = page_of(customer).post("/account/password/", {"current": PASSWORD, "password": password})
    assert page.status_code == 422
    assert User.objects.get().check_password(PASSWORD)


def test_one_of_ten_concurrent_changes_succeeds(customer):
    def change_once():
        user = User.objects.get(pk=customer.pk)
        change_password(user, current=PASSWORD, password=NEW, ip="")

    answers = at_once(10, change_once)
    assert answers.count(None) == 1
    assert User.objects.get().token_version == 1


def test_the_password_form_of_the_admin_redirects_to_the_account_page(staff):
    client = page_of(staff)
    assert client.get("/admin/password_change/")["Location"] == "/account/password/"


def test_the_new_refresh_token_can_be_set_as_a_cookie(customer):
    api = api_of(customer)
    assert "refresh_token" not in change(api, cookie=True).json()
    assert api.cookies["refresh_token"].value
