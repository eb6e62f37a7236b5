"""The periodic task deletes expired sessions and links, and nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import EmailChange, OneTimeToken, TokenFamily, WebSession
from accounts.recovery import one_time_links
from accounts.sessions import services as sessions
from accounts.tasks import delete_expired
from ecommerce.core.web.http import Device

pytestmark = pytest.mark.django_db
EXPIRING_MODELS = (TokenFamily, WebSession, OneTimeToken, EmailChange)


def counts():
    return [model.objects.count() for model in EXPIRING_MODELS]


def test_expired_sessions_and_links_are_deleted(customer):
    sessions.start_session(customer, device=Device("", ""))
    Client().force_login(customer)
    one_time_links.create(customer, one_time_links.Purpose.PASSWORD_RESET)
    later = timezone.now() + timedelta(hours=1)
    EmailChange.objects.create(user=customer, email="renamed@example.com", expires_at=later)
    delete_expired()
    assert counts() == [1, 1, 1, 1]
    past = timezone.now() - timedelta(seconds=1)
    for model in (TokenFamily, OneTimeToken, EmailChange):
        model.objects.update(expires_at=past)
    WebSession.objects.update(expire_date=past)
    delete_expired()
    assert counts() == [0, 0, 0, 0]
