"""Old rows that anyone can cause are deleted, and nothing that proves money, stock or the work of staff."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User, WebSession
from accounts.sessions import services as sessions
from accounts.tasks import delete_expired
from accounts.users.services import update_user
from ecommerce.core import audit
from ecommerce.core.db import collection
from ecommerce.core.models import AuditEntry, OutboxMessage
from ecommerce.core.tasks import delete_old_messages
from ecommerce.core.web.http import Device
from orders.models import Order
from orders.tasks import delete_abandoned_accounts
from payments.services import confirm
from tests.outbox.conftest import DEAD, PENDING, SENT
from tests.support import factories
from tests.support.old_rows import LONG, make_old, remaining

pytestmark = pytest.mark.django_db


def message(status, age):
    created = timezone.now() - age
    sent = created if status == SENT else None
    return OutboxMessage.objects.create(
        kind="test", key=f"{status}{age}", status=status, created_at=created, sent_at=sent
    )


def test_delivered_messages_and_dead_letters_are_deleted_and_waiting_ones_are_not():
    for status in (SENT, DEAD):
        message(status, LONG)
    kept = [message(PENDING, LONG), *(message(status, timedelta(days=89)) for status in (SENT, DEAD))]
    delete_old_messages()
    assert remaining(OutboxMessage) == {each.pk for each in kept}


def test_fsck_misses_no_mail_that_was_deleted(customer, product, fsck):
    order = factories.order(customer, (product, 1))
    confirm(order, outcome="success", by=customer)
    make_old(Order, "created_at", "paid_at")
    make_old(OutboxMessage, "created_at", "sent_at")
    collection(OutboxMessage).update_many({}, {"$set": {"status": SENT}})
    delete_old_messages()
    assert not OutboxMessage.objects.filter(kind="order_confirmed").exists()
    fsck()


def test_old_wrong_passwords_leave_the_audit_log_and_changes_stay(api, customer, staff):
    api.post("/api/v1/auth/login", {"email": customer.email, "password": "wrong"})
    update_user(pk=customer.pk, is_active=False, by=staff)
    make_old(AuditEntry, "at")
    api.post("/api/v1/auth/login", {"email": customer.email, "password": "wrong"})
    delete_expired()
    actions = list(AuditEntry.objects.order_by("at").values_list("action", flat=True))
    assert actions.count("user.fail_sign_in") == 1
    assert "user.set_active" in actions


def test_forgetting_deletes_only_entries_of_the_named_action(customer):
    audit.record(actor=None, action="order.pay", obj=customer, before={}, after={})
    make_old(AuditEntry, "at")
    audit.forget_old("user.sign_in", older_than=timedelta(days=1))
    assert AuditEntry.objects.filter(action="order.pay").exists()


def sign_up(email):
    user = factories.user(email)
    User.objects.filter(pk=user.pk).update(email_verified_at=None)
    make_old(User, "last_login", "created_at", _id=user.pk)
    return user


def test_accounts_that_were_never_confirmed_are_deleted_after_a_year(product, fsck):
    abandoned, recent, confirmed, buyer, signed_in, worker = map(
        sign_up, [f"{n}@example.com" for n in "abcdef"]
    )
    User.objects.filter(pk=recent.pk).update(last_login=timezone.now() - timedelta(days=364))
    User.objects.filter(pk=confirmed.pk).update(email_verified_at=timezone.now())
    factories.order(buyer, (product, 1))
    sessions.start_session(signed_in, device=Device("", ""))
    User.objects.filter(pk__in=[signed_in.pk]).update(last_login=timezone.now() - LONG)
    User.objects.filter(pk=worker.pk).update(role=User.Role.SUPPORT)
    delete_abandoned_accounts()
    assert remaining(User) == {each.pk for each in (recent, confirmed, buyer, signed_in, worker)}
    assert not AuditEntry.objects.filter(object_label=abandoned.email).exists()
    fsck()


def test_a_forged_link_of_an_order_stores_no_session(customer, product):
    order = factories.order(customer, (product, 1))
    answer = Client().get(f"/orders/{order.number}/", {"token": "forged"})
    assert answer.status_code == 302
    assert not answer.cookies
    assert not WebSession.objects.exists()
