from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.sign_in import lockout


@pytest.fixture
def frozen_minute(monkeypatch):
    """Freeze the clock of the mails' deduplication, so that no new minute begins during the test."""
    moment = timezone.now()
    monkeypatch.setattr("accounts.emails.timezone", SimpleNamespace(now=lambda: moment))


@pytest.fixture
def frozen_lockout(monkeypatch):
    """Freeze the clock of the lockout, so that the remaining time of a lock is exact on a slow machine."""
    now = lockout.time.time()
    monkeypatch.setattr(lockout.time, "time", lambda: now)
