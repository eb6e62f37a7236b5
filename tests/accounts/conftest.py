from types import SimpleNamespace

import pytest
from django.utils import timezone


@pytest.fixture
def one_minute(monkeypatch):
    """No minute begins while the test runs."""
    moment = timezone.now()
    monkeypatch.setattr("accounts.emails.timezone", SimpleNamespace(now=lambda: moment))
