"""Who may try a password now.

Failures are counted for each e-mail, and for each e-mail and address, in one document of MongoDB: it survives
a flush of Redis and is the same for all processes. An e-mail without an account is counted like any other.

    failures      for an e-mail and an address   for an e-mail, from anywhere
    below         5: none                        20: none
    at the limit  1 minute                       1 minute
    each more     doubled, up to 15 minutes      doubled, up to 15 minutes

While locked no password is looked at, not even the right one. The right one otherwise clears the e-mail's
failures; so does a new password, and a day without a failure.

An attempt is counted as running before its password is hashed: no more run at once than failures are left, so
that twenty wrong ones sent together are not all tried. The others wait for those, then are tried or refused.
"""

import hashlib
import math
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import ngettext

from accounts import history
from accounts.models import SignInAttempts
from ecommerce.core.errors import TryLater
from ecommerce.core.web.http import network_of

FREE_FROM_ONE_ADDRESS, FREE_FROM_ANYWHERE = 5, 20
FIRST_DELAY_S, LONGEST_DELAY_S = 60, 900
FORGOTTEN_AFTER_S = 24 * 3600
GIVEN_UP_AFTER_S = 30  # above gunicorn's timeout: whoever ran this attempt was killed
WAIT_S = 5.0


class Locked(TryLater):
    code = "locked"

    def __init__(self, seconds: float) -> None:
        minutes = max(1, math.ceil(seconds / 60))
        text = ngettext(
            "Too many failed attempts. Please try again in %(minutes)d minute.",
            "Too many failed attempts. Please try again in %(minutes)d minutes.",
            minutes,
        )
        super().__init__(text % {"minutes": minutes}, seconds)


@dataclass
class Count:
    """Of one e-mail, or of one e-mail and address. Times are seconds since the epoch."""

    failures: int = 0
    running: int = 0
    changed: float = 0.0
    locked_until: float = 0.0

    def age(self, now: float) -> None:
        if now - self.changed > FORGOTTEN_AFTER_S:
            self.failures = self.running = 0
        elif now - self.changed > GIVEN_UP_AFTER_S:
            self.failures, self.running = self.failures + self.running, 0

    def fail(self, free: int, now: float) -> None:
        self.running, self.failures, self.changed = max(0, self.running - 1), self.failures + 1, now
        if self.failures >= free:
            doubled = FIRST_DELAY_S * 2 ** min(self.failures - free, 10)
            self.locked_until = now + min(doubled, LONGEST_DELAY_S)


Counts = dict[str, Count]


class Attempt:
    def __init__(self) -> None:
        self.succeeded = False
        self.locked_s = 0.0  # for how long it locked the e-mail by failing


@contextmanager
def attempt(email: str, ip: str) -> Iterator[Attempt]:
    """Set `succeeded` on what it yields where the password was right. Raises Locked before."""
    key, limits = (
        _digest(email),
        {"all": FREE_FROM_ANYWHERE, _digest(network_of(ip))[:16]: FREE_FROM_ONE_ADDRESS},
    )
    _admit(key, limits)
    running = Attempt()
    try:
        yield running
    finally:
        if running.succeeded:
            clear_failures(email)
        else:
            _change(key, lambda counts, now: _fail(counts, limits, now, running))
            history.record_failure(email, locked_s=running.locked_s)


def clear_failures(email: str) -> None:
    SignInAttempts.objects.filter(pk=_digest(email)).delete()


def locked_until(emails: Iterable[str]) -> dict[str, datetime]:
    """Those that are locked now, from everywhere or from an address, and until when at the longest."""
    by_key = {_digest(email): email for email in emails}
    now, found = time.time(), {}
    for row in SignInAttempts.objects.filter(pk__in=list(by_key)):
        end = max((count["locked_until"] for count in row.counts.values()), default=0.0)
        if end > now:
            found[by_key[row.pk]] = datetime.fromtimestamp(end, UTC)
    return found


def delete_old() -> None:
    SignInAttempts.objects.filter(
        updated_at__lt=timezone.now() - timedelta(seconds=FORGOTTEN_AFTER_S)
    ).delete()


def _admit(key: str, limits: dict[str, int]) -> None:
    """Count an attempt as running, once there is room for it."""
    deadline = time.monotonic() + WAIT_S
    while not _change(key, lambda counts, now: _start(counts, limits, now)):
        if time.monotonic() > deadline:
            raise Locked(1)
        time.sleep(0.05)


def _start(counts: Counts, limits: dict[str, int], now: float) -> bool:
    """False where as many are running as may still fail."""
    for name in limits:
        counts.setdefault(name, Count()).age(now)
        if counts[name].locked_until > now:
            raise Locked(counts[name].locked_until - now)
    if any(counts[name].running >= max(1, free - counts[name].failures) for name, free in limits.items()):
        return False
    for name in limits:
        counts[name].running, counts[name].changed = counts[name].running + 1, now
    return True


def _fail(counts: Counts, limits: dict[str, int], now: float, attempt: Attempt) -> bool:
    for name, free in limits.items():
        counts.setdefault(name, Count()).fail(free, now)
    attempt.locked_s = max(0.0, *(counts[name].locked_until - now for name in limits))
    return True


def _change(key: str, change: Callable[[Counts, float], bool]) -> bool:
    """Write what `change` makes of the counts where nobody wrote meanwhile, otherwise look again."""
    while True:
        row = SignInAttempts.objects.filter(pk=key).first()
        stored = row.counts if row else {}
        now = time.time()
        counts = {name: Count(**each) for name, each in stored.items()}
        if not change(counts, now):
            return False
        if _write(key, row, {name: asdict(each) for name, each in counts.items() if _matters(each, now)}):
            return True
        time.sleep(random.uniform(0, 0.01))  # noqa: S311  # jitter, not a secret


def _matters(count: Count, now: float) -> bool:
    return now - count.changed < FORGOTTEN_AFTER_S


def _write(key: str, row: SignInAttempts | None, counts: dict[str, dict[str, float]]) -> bool:
    fields = {"counts": counts, "stamp": uuid.uuid4().hex, "updated_at": timezone.now()}
    if row is not None:
        return SignInAttempts.objects.filter(pk=key, stamp=row.stamp).update(**fields) == 1
    try:
        SignInAttempts.objects.create(pk=key, **fields)
    except IntegrityError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
