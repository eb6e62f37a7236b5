"""A new account confirms its e-mail with a link sent by mail."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import OneTimeToken, User
from ecommerce.core.models import MailBudget, OutboxMessage
from tests.accounts.mails import delivered, link_of, token_of
from tests.support.answers import refused
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"


@pytest.fixture
def user(api):
    api.post(f"{AUTH}/signup", {"email": "new@example.com", "password": PASSWORD})
    return User.objects.get()


def verified():
    return User.objects.get().email_verified_at is not None


def verify(api, token):
    return api.post(f"{AUTH}/verify-email", {"token": token})


def test_signing_up_sends_a_confirmation_link(api, user):
    (message,) = delivered()
    assert message.to == ["new@example.com"]
    assert not verified()
    assert verify(api, token_of(message)).status_code == 204
    assert verified()
    assert api_of(user).get(f"{AUTH}/me").json()["email_verified"] is True


def test_opening_the_link_does_not_use_it_up_and_the_button_confirms(user):
    client, link = Client(), link_of(delivered()[0])
    page = client.get(link)
    assert page.status_code == 200
    assert not verified()
    (token,) = [page.context["form"]["token"].value()]
    assert client.post("/account/verify-email/", {"token": token}).status_code == 302
    assert verified()


def test_a_link_works_once(api, user):
    token = token_of(delivered()[0])
    verify(api, token)
    User.objects.update(email_verified_at=None)
    sentence = "This link was used already or has expired. Please ask for a new one."
    refused(verify(api, token), 400, sentence, field="token")
    page = Client().post("/account/verify-email/", {"token": token})
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert not verified()


def test_a_link_works_for_an_hour(api, user):
    token = token_of(delivered()[0])
    lifetime = OneTimeToken.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=59) < lifetime <= timedelta(hours=1)
    OneTimeToken.objects.update(expires_at=timezone.now())
    refused(verify(api, token), 400)


def test_a_link_sent_to_a_former_email_confirms_nothing(api, user):
    token = token_of(delivered()[0])
    User.objects.update(email="renamed@example.com")
    verify(api, token)
    assert not verified()


@pytest.mark.parametrize("token", ["", None, {"$ne": ""}, [], "nonsense", "x" * 101, "nul\0", "\ud800", True])
def test_a_bad_token_is_refused(api, user, token):
    refused(verify(api, token), 400, field="token")


def test_the_token_is_stored_only_as_a_hash(user):
    token = token_of(delivered()[0])
    assert len(token) == 43  # 256 bits
    assert token not in str(list(OneTimeToken.objects.values())) + str(list(OutboxMessage.objects.values()))


def test_the_mail_is_resent_at_most_once_a_minute(user):
    api = api_of(user)
    delivered()
    answer = api.post(f"{AUTH}/verify-email/resend")  # still in the minute of the sign-up
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_mails")
    assert 0 < int(answer["Retry-After"]) <= 60
    MailBudget.objects.all().delete()
    assert [api.post(f"{AUTH}/verify-email/resend").status_code for _ in range(3)] == [202, 429, 429]
    assert len(delivered()) == 1


def test_the_page_says_when_the_mail_must_wait(user):
    client = Client()
    client.force_login(user)
    page = client.post("/account/verify-email/resend/", follow=True).content.decode()
    assert "A mail went to this address a moment ago." in page


def test_the_page_resends_the_mail(user):
    client = Client()
    client.force_login(user)
    assert "Your e-mail is not confirmed yet." in client.get("/account/").content.decode()
    OutboxMessage.objects.all().delete()
    MailBudget.objects.all().delete()
    assert client.post("/account/verify-email/resend/").status_code == 302
    assert len(delivered()) == 1


def test_a_confirmed_account_is_sent_nothing(user):
    delivered()
    OutboxMessage.objects.all().delete()
    User.objects.update(email_verified_at=timezone.now())
    api_of(user).post(f"{AUTH}/verify-email/resend")
    assert delivered() == []


def test_a_refused_sign_up_sends_nothing(api, user):
    delivered()
    refused(api.post(f"{AUTH}/signup", {"email": "new@example.com", "password": PASSWORD}), 400)
    refused(api.post(f"{AUTH}/signup", {"email": "b@example.com", "password": "password123"}), 400)
    assert delivered() == []
