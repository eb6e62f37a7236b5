from types import SimpleNamespace

import pytest
from django.utils import timezone


@pytest.fixture
def frozen_minute(monkeypatch):
    """Freeze the clock of the mails' deduplication, so that no new minute begins during the test."""
    moment = timezone.now()
    monkeypatch.setattr("accounts.emails.timezone", SimpleNamespace(now=lambda: moment))
