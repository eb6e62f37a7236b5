import pytest

from accounts.sign_in import lockout


@pytest.fixture
def frozen_lockout(monkeypatch):
    """Freeze the clock of the lockout, so that the remaining time of a lock is exact on a slow machine."""
    now = lockout.time.time()
    monkeypatch.setattr(lockout.time, "time", lambda: now)
