"""Strangers cannot fill a mailbox: one mail of each kind a minute and five a day, for each mailbox."""

from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.models import EmailChange, User
from accounts.recovery.services import set_password
from accounts.sign_in.services import sign_up
from ecommerce.core.db import run_tx
from ecommerce.core.models import MailBudget, OutboxMessage
from ecommerce.core.outbox import mail_budget
from ecommerce.core.outbox.mail_budget import spend
from ecommerce.core.text.emails import mailbox_of
from orders.emails import queue_failed
from tests.accounts.mails import delivered
from tests.support import factories
from tests.support.api_clients import api_of
from tests.support.factories import PASSWORD
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth"
VICTIM = "victim@example.org"


@pytest.fixture
def later(monkeypatch):
    """Set the clock of the budgets so many seconds forward."""
    now = timezone.now()

    def move(seconds):
        clock = SimpleNamespace(now=lambda: now + timedelta(seconds=seconds))
        monkeypatch.setattr(mail_budget, "timezone", clock)

    return move


def queued():
    return sorted(OutboxMessage.objects.values_list("kind", flat=True))


def change_to(user, email):
    return api_of(user).post(f"{AUTH}/email/change", {"email": email, "password": PASSWORD})


def test_many_changes_of_an_email_send_one_mail_to_the_stranger(customer, stranger):
    """From two accounts, and to addresses of the one mailbox that differ in their text."""
    answers = [
        change_to((customer, stranger)[number % 2], f"Victim+{number}@Example.org") for number in range(10)
    ]
    assert [answer.status_code for answer in answers] == [202] + [429] * 9
    assert 0 < int(answers[1]["Retry-After"]) <= 60
    assert answers[1].json()["error"] == "too_many_mails"
    assert [mail.to for mail in delivered()] == [[customer.email], ["victim+0@example.org"]]


def test_a_refused_change_leaves_the_earlier_one_open(customer):
    change_to(customer, "first@example.org")
    change_to(customer, "second@example.org")
    assert EmailChange.objects.get().email == "first@example.org"
    assert MailBudget.objects.count() == 2  # of the first change's two mails


def test_changes_from_one_account_do_not_fill_its_own_mailbox(customer):
    """A stranger may have registered it for another person's address."""
    for number in range(8):
        change_to(customer, f"new{number}@example.org")
    assert [mail.to for mail in delivered()].count([customer.email]) == 1


def test_five_a_day_with_a_minute_between_them(later):
    waits = []
    for second in (0, 59, 61, 125, 190, 255, 320, 86399, 86401, 86402, 86462):
        later(second)
        waits.append(round(spend("kind", VICTIM)))
    assert waits == [0, 1, 0, 0, 0, 0, 86400 - 320, 1, 0, 59, 0]


def test_each_kind_and_each_mailbox_has_a_budget_of_its_own():
    assert [spend("a", VICTIM), spend("b", VICTIM), spend("a", f"other-{VICTIM}")] == [0, 0, 0]
    assert spend("a", "VICTIM+tag@example.org") > 0


def test_the_texts_of_one_mailbox_are_recognized():
    assert mailbox_of("Ada+shop@Example.org") == "ada@example.org"
    assert mailbox_of("a.d.a+x@googlemail.com") == mailbox_of("ada@gmail.com")
    assert mailbox_of("a.da@example.org") != mailbox_of("ada@example.org")
    assert mailbox_of("+x@example.org") == "+x@example.org"


@pytest.mark.parametrize("known", [True, False])
def test_beyond_the_budget_a_reset_is_answered_as_before_with_no_mail(api, customer, known):
    email = customer.email if known else "unknown@example.com"
    answers = [api.post(f"{AUTH}/password/forgot", {"email": email}) for _ in range(5)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert queued() == ["password_reset"]
    assert len(delivered()) == (1 if known else 0)


def test_signing_up_again_and_again_sends_one_mail_and_still_works(api):
    for number in range(3):
        assert sign_up(email=f"victim+{number}@example.org", password=PASSWORD).pk
    assert queued() == ["verify_email"]


def test_the_notice_of_a_new_password_has_a_budget_only_for_an_unconfirmed_email(customer):
    """Otherwise a thief could use the budget up before the theft."""
    User.objects.update(email_verified_at=None)
    for password in ("FirstPass12", "SecondPass12", "ThirdPass12"):
        set_password(User.objects.get(), password=password)
    assert queued() == ["password_changed"]
    User.objects.update(email_verified_at=timezone.now())
    for password in ("FourthPass12", "FifthPass12"):
        set_password(User.objects.get(), password=password)
    assert queued() == ["password_changed"] * 3


def test_failed_payments_of_many_orders_send_one_mail(customer, product):
    for _ in range(3):
        queue_failed(factories.order(customer, (product, 1)))
    assert queued() == ["payment_failed"]


class TestConcurrentMails:
    def test_one_of_many_is_counted(self):
        for _ in range(3):
            answers = at_once(12, lambda: run_tx(lambda: spend("kind", VICTIM)))
            assert (answers.count(0), len([each for each in answers if each > 0])) == (1, 11)
            MailBudget.objects.all().delete()

    def test_one_of_many_is_counted_where_there_were_mails_before(self, later):
        spend("kind", VICTIM)
        later(100)
        answers = at_once(12, lambda: run_tx(lambda: spend("kind", VICTIM)))
        assert answers.count(0) == 1

    def test_a_check_before_the_write_would_let_several_through(self):
        """The negative control: read, check, write."""
        meeting, now = Barrier(12), timezone.now()
        MailBudget.objects.create(pk="naive", sent=[now - timedelta(minutes=2)], updated_at=now)

        def naive():
            budget = MailBudget.objects.get(pk="naive")
            is_free = budget.sent[-1] < now - timedelta(minutes=1)
            meeting.wait()
            budget.sent.append(now)
            budget.save()
            return is_free

        assert at_once(12, naive).count(True) > 1


def test_a_rolled_back_change_spends_nothing():
    def fails():
        spend("kind", VICTIM)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_tx(fails)
    assert spend("kind", VICTIM) == 0


def test_budgets_without_a_mail_for_a_day_are_deleted(later):
    spend("kind", VICTIM)
    mail_budget.delete_unused()
    assert MailBudget.objects.exists()
    later(86_401)
    mail_budget.delete_unused()
    assert not MailBudget.objects.exists()


def test_no_address_is_stored():
    spend("kind", VICTIM)
    assert "victim" not in str(list(MailBudget.objects.values()))
