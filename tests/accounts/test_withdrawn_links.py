"""A new e-mail or password, from any hand, ends all sessions and all links that were mailed before."""

import io

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import EmailChange, OneTimeToken, User
from accounts.recovery import one_time_links
from accounts.recovery.services import change_password, confirm_email_change, reset_password
from accounts.recovery.services import set_password as set_by_admin
from accounts.sessions import services as sessions
from accounts.users.services import update_user
from ecommerce.core.web.http import Device
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
Purpose = OneTimeToken.Purpose
AUTH = "/api/v1/auth"
NEW_PASSWORD = "AnotherPass1"
ROUTES = {
    Purpose.VERIFY_EMAIL: "verify-email",
    Purpose.PASSWORD_RESET: "password/reset",
    Purpose.EMAIL_CHANGE_OLD: "email/confirm",
    Purpose.EMAIL_CHANGE_NEW: "email/confirm",
}


def open_links(user):
    """Return an open link of each purpose."""
    change = EmailChange.objects.create(
        user=user, email="thief@example.com", expires_at="2100-01-01T00:00:00Z"
    )
    return {purpose: one_time_links.create(user, purpose, subject=str(change.pk)) for purpose in Purpose}


def still_open(api, links):
    """Return the purposes of the links that the shop still accepts."""
    answers = {
        purpose: api.post(f"{AUTH}/{ROUTES[purpose]}", {"token": token, "password": "ThirdPass12"})
        for purpose, token in links.items()
    }
    return [purpose for purpose, answer in answers.items() if answer.status_code != 400]


def email_by_admin(user, links):
    update_user(pk=user.pk, email="corrected@example.com")


def email_by_the_user(user, links):
    confirm_email_change(links[Purpose.EMAIL_CHANGE_OLD])
    assert confirm_email_change(links[Purpose.EMAIL_CHANGE_NEW])


def password_by_admin(user, links):
    set_by_admin(user, password=NEW_PASSWORD)


def password_by_the_user(user, links):
    change_password(user, current=PASSWORD, password=NEW_PASSWORD, ip="203.0.113.1")


def password_by_link(user, links):
    reset_password(token=links[Purpose.PASSWORD_RESET], password=NEW_PASSWORD)


def role_by_admin(user, links):
    update_user(pk=user.pk, role="support")


def promotion_by_command(user, links):
    call_command("create_admin", user.email, promote=True, stdout=io.StringIO())


@pytest.mark.parametrize(
    "change",
    [
        *(email_by_admin, email_by_the_user, password_by_admin, password_by_the_user, password_by_link),
        *(role_by_admin, promotion_by_command),
    ],
)
def test_it_ends_everything_that_was_open(api, customer, change, monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", NEW_PASSWORD)
    thief, browser, links = api_of(customer), Client(), open_links(customer)
    browser.force_login(customer)
    refresh_token = sessions.start_session(customer, device=Device("203.0.113.7", "curl/8")).refresh_token
    change(customer, links)
    refused(thief.get(f"{AUTH}/me"), 401)
    refused(api.post(f"{AUTH}/refresh", {"refresh_token": refresh_token}), 401)
    assert browser.get("/account/").status_code == 302
    assert 'href="/account/login/' in browser.get("/").content.decode()
    assert still_open(api, links) == []
    assert not EmailChange.objects.exists()


def test_a_link_works_only_for_the_email_that_it_was_made_for(api, customer):
    """Also a link that the worker makes while the e-mail changes, which nothing withdraws."""
    links = open_links(customer)
    User.objects.update(email="corrected@example.com")
    assert still_open(api, links) == []


def test_without_a_change_every_link_is_open(api, customer):
    for purpose in Purpose:
        EmailChange.objects.all().delete()
        assert still_open(api, {purpose: open_links(customer)[purpose]}) == [purpose]


def test_the_page_says_that_the_email_has_changed(customer, shopper):
    links = open_links(customer)
    confirm_email_change(links[Purpose.EMAIL_CHANGE_OLD])
    token = links[Purpose.EMAIL_CHANGE_NEW]
    page = shopper.post("/account/email/confirm/", {"token": token}, follow=True).content.decode()
    assert "Your e-mail is changed. Please sign in with it." in page
