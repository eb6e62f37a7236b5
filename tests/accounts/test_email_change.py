"""A new e-mail address takes effect once both addresses have confirmed it."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import EmailChange, User
from accounts.recovery.services import confirm_email_change, set_password
from ecommerce.core.models import MailBudget
from tests.accounts.mails import delivered, link_of, token_of
from tests.support import factories
from tests.support.answers import refused
from tests.support.factories import PASSWORD
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
NEW = "renamed@example.com"


def request_change(api, email=NEW, password=PASSWORD):
    return api.post(f"{AUTH}/email/change", {"email": email, "password": password})


def confirm(api, token):
    return api.post(f"{AUTH}/email/confirm", {"token": token})


@pytest.fixture
def tokens(customer_api):
    """Request a change and return the tokens mailed to the old and to the new address."""
    assert request_change(customer_api).status_code == 202
    old, new = delivered()
    assert (old.to, new.to) == (["customer@example.com"], [NEW])
    return token_of(old), token_of(new)


def email_of(user):
    return User.objects.get(pk=user.pk).email


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_it_changes_with_the_second_confirmation(api, customer, tokens, order):
    first, second = (tokens[n] for n in order)
    User.objects.update(email_verified_at=None)
    assert confirm(api, first).json() == {"changed": False}
    assert email_of(customer) == "customer@example.com"
    assert confirm(api, second).json() == {"changed": True}
    assert email_of(customer) == NEW
    assert User.objects.get().email_verified_at
    login = {"email": NEW, "password": PASSWORD}
    assert api.post(f"{AUTH}/login", login).status_code == 200


def test_the_change_works_on_the_pages(customer):
    client = Client()
    client.force_login(customer)
    assert client.post("/account/email/", {"email": NEW, "password": PASSWORD}).status_code == 302
    for link in map(link_of, delivered()):
        page = client.get(link)
        client.post(link, {"token": page.context["form"]["token"].value()})
    assert email_of(customer) == NEW


def test_confirming_one_address_twice_is_not_enough(api, customer, tokens):
    confirm(api, tokens[1])
    refused(confirm(api, tokens[1]), 400, field="token")
    assert email_of(customer) == "customer@example.com"


def test_concurrent_confirmations_change_it(customer, tokens):
    remaining = list(tokens)
    answers = at_once(2, lambda: confirm_email_change(remaining.pop()))
    assert sorted(answers) == [False, True]
    assert email_of(customer) == NEW


def test_the_mail_to_the_old_address_names_the_new_one(customer_api):
    request_change(customer_api)
    assert NEW in delivered()[0].body


def test_a_taken_email_is_refused(customer_api, stranger):
    refused(
        request_change(customer_api, "Stranger@example.com"), 400, "Email already registered", field="email"
    )
    assert delivered() == []


def test_an_email_taken_in_the_meantime_is_refused(api, customer, tokens):
    factories.user(NEW)
    confirm(api, tokens[0])
    refused(confirm(api, tokens[1]), 400, "Email already registered")
    assert email_of(customer) == "customer@example.com"


def test_with_a_wrong_password_no_mail_is_sent(customer_api, customer):
    refused(request_change(customer_api, password="SecurePass124"), 400, field="password")
    client = Client()
    client.force_login(customer)
    page = client.post("/account/email/", {"email": NEW, "password": "SecurePass124"})
    assert (page.status_code, delivered()) == (422, [])


def test_a_second_request_replaces_the_first(api, customer, customer_api, tokens):
    MailBudget.objects.all().delete()
    request_change(customer_api, "third@example.com")
    refused(confirm(api, tokens[0]), 400)
    for message in delivered():
        confirm(api, token_of(message))
    assert email_of(customer) == "third@example.com"


def test_a_new_password_cancels_the_request(api, customer, tokens):
    set_password(customer, password="AnotherPass1")
    for token in tokens:
        refused(confirm(api, token), 400)
    assert not EmailChange.objects.exists()


def test_an_expired_request_is_refused(api, customer, tokens):
    confirm(api, tokens[0])
    EmailChange.objects.update(expires_at=timezone.now())
    refused(confirm(api, tokens[1]), 400)
    assert email_of(customer) == "customer@example.com"
