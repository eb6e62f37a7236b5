"""A forgotten password is reset with a link sent by mail."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import OneTimeToken, User
from accounts.recovery.services import reset_password
from accounts.sessions import services as sessions
from accounts.sign_in.services import sign_in
from ecommerce.core.models import MailBudget, OutboxMessage
from ecommerce.core.web.http import Device
from tests.accounts.mails import delivered, link_of, token_of
from tests.support.answers import refused
from tests.support.factories import PASSWORD
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
NEW = "AnotherPass1"
COMMIT = "commitTransaction 1"


def request_link(api, email="customer@example.com"):
    return api.post(f"{AUTH}/password/forgot", {"email": email})


def reset(api, token, password=NEW):
    return api.post(f"{AUTH}/password/reset", {"token": token, "password": password})


@pytest.fixture
def token(api, customer):
    request_link(api)
    return token_of(delivered()[0])


def test_the_link_sets_a_new_password(api, token, customer):
    assert reset(api, token).status_code == 204
    assert sign_in(email=customer.email, password=NEW, ip="") == customer
    (notice,) = delivered()
    assert notice.subject == "Your password was changed"


def test_the_reset_works_on_the_pages(customer):
    client = Client()
    response = client.post("/account/password/forgot/", {"email": "Customer@example.com"}, follow=True)
    assert "If there is an account with this e-mail" in response.content.decode()
    link = link_of(delivered()[0])
    page = client.get(link)
    body = {"token": page.context["form"]["token"].value(), "password": NEW}
    assert client.post(link, body)["Location"] == "/account/login/"
    assert sign_in(email=customer.email, password=NEW, ip="") == customer


def test_known_and_unknown_emails_get_the_same_answer_and_commands(api, customer, sent):
    answers = []
    for email in (customer.email, "unknown@example.com"):
        commands = sent(lambda email=email: answers.append(request_link(api, email)))
        assert commands == ["aggregate users", *["update mail_budgets"] * 2, "update outbox", COMMIT]
    assert answers[0].json() == answers[1].json()
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [message.to for message in delivered()] == [[customer.email]]


def test_the_outbox_contains_no_email_address(api, customer):
    request_link(api)
    request_link(api, "unknown@example.com")
    assert "@" not in str(list(OutboxMessage.objects.values("key", "payload")))


def test_repeated_requests_send_one_mail(api, customer):
    for _ in range(5):
        request_link(api)
    assert len(delivered()) == 1


def test_asking_for_another_spelling_of_the_mailbox_keeps_no_mail_from_its_owner(api, customer):
    request_link(api, "customer+x@example.com")  # has no account, so no mail is sent
    request_link(api, "customer@example.com")
    assert [message.to for message in delivered()] == [["customer@example.com"]]


def test_a_reset_ends_every_session(api, token, customer):
    grant = sessions.start_session(customer, device=Device("", ""))
    client = Client()
    client.force_login(customer)
    reset(api, token)
    refused(api.get(f"{AUTH}/me", HTTP_AUTHORIZATION=f"Bearer {grant.access_token}"), 401)
    refused(api.post(f"{AUTH}/refresh", {"refresh_token": grant.refresh_token}), 401)
    assert client.get("/account/").status_code == 302


def test_a_link_works_once(api, token, customer):
    reset(api, token)
    refused(reset(api, token, "YetAnotherPass1"), 400, field="token")
    assert sign_in(email=customer.email, password=NEW, ip="")


def test_twenty_concurrent_uses_of_a_link_reset_once(token, customer):
    answers = at_once(20, lambda: reset_password(token=token, password=NEW))
    assert answers.count(customer) == 1
    assert User.objects.get().token_version == 1


def test_using_a_link_invalidates_the_others(api, customer):
    request_link(api)
    MailBudget.objects.all().delete()
    request_link(api)
    first, second = map(token_of, delivered())
    assert reset(api, first).status_code == 204
    refused(reset(api, second), 400)


def test_a_weak_password_is_refused_and_the_link_still_works(api, token):
    refused(reset(api, token, "password123"), 400, field="password")
    page = Client().post("/account/password/reset/", {"token": token, "password": "12345678"})
    assert page.status_code == 422
    assert "too common" in page.content.decode()
    assert reset(api, token).status_code == 204


def test_an_expired_link_is_refused(api, token):
    OneTimeToken.objects.update(expires_at=timezone.now())
    refused(reset(api, token), 400)


def test_an_invalid_link_redirects_before_a_password_is_typed(db):
    page = Client().get("/account/password/reset/?token=nonsense", follow=True)
    assert page.redirect_chain == [("/account/password/forgot/", 302)]
    assert "This link was used already or has expired." in page.content.decode()


def test_a_link_sent_to_a_former_email_is_refused(api, token, customer):
    User.objects.filter(pk=customer.pk).update(email="renamed@example.com")
    refused(reset(api, token), 400, field="token")


def test_a_link_for_another_purpose_is_refused(api, token):
    OneTimeToken.objects.update(purpose="verify_email")
    refused(reset(api, token), 400)


def test_a_disabled_account_gets_no_link_and_cannot_use_one(api, token, customer):
    User.objects.filter(pk=customer.pk).update(is_active=False)
    refused(reset(api, token), 400)
    OutboxMessage.objects.all().delete()
    request_link(api)
    assert delivered() == []


@pytest.mark.parametrize("email", ["", None, "not-an-email", {"$ne": ""}, "a\0@example.com", ".*"])
def test_an_invalid_email_is_refused(api, email, db):
    refused(request_link(api, email), 400, field="email")


def test_using_the_link_confirms_the_email(api, token, customer):
    User.objects.filter(pk=customer.pk).update(email_verified_at=None)
    reset(api, token)
    assert User.objects.get().email_verified_at


def test_a_password_longer_than_72_bytes_is_not_truncated(api, token, customer):
    reset(api, token, "ö" * 100)
    for password, works in (("ö" * 100, True), ("ö" * 99, False)):
        login = api.post(f"{AUTH}/login", {"email": customer.email, "password": password})
        assert (login.status_code == 200) is works


def test_the_old_password_stops_working(api, token, customer):
    reset(api, token)
    refused(api.post(f"{AUTH}/login", {"email": customer.email, "password": PASSWORD}), 401)
