"""Lockout after failed sign-ins.

Failures are counted per e-mail, and per e-mail and network, in one MongoDB document for each e-mail. The
counts survive a flush of Redis and are the same for all processes. E-mails without an account count, too.

Known devices (known_devices.py) have counts of their own, the same way: per device, and for all of them. A
stranger's failures do not lock them, nor theirs a stranger.

    failures      per e-mail and network     per e-mail
    below         5: not locked              20: not locked
    at the limit  1 minute                   1 minute
    each more     doubled, up to 15 minutes  doubled, up to 15 minutes

While an e-mail is locked, no password is checked, not even the right one. Otherwise the right password clears
the failures of the e-mail; so do a new password and a day without a failure. From a known device it clears
only those of known devices: the owner's daily sign-in must not give a stranger another twenty guesses.

An attempt counts as running before its password is hashed. No more attempts run at once than failures are
left, so that twenty wrong passwords sent together are not all checked. The others wait, then
are checked or refused.
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

from accounts import audit_records
from accounts.models import SignInAttempts
from accounts.sign_in import known_devices
from ecommerce.core.errors import TryLater
from ecommerce.core.web.http import network_of

FREE_FROM_ONE_NETWORK, FREE_FROM_ANYWHERE = 5, 20
FIRST_LOCK_S, LONGEST_LOCK_S = 60, 900
FORGET_AFTER_S = 24 * 3600
ABANDONED_AFTER_S = 30  # longer than gunicorn's timeout: the process that ran the attempt was killed
MAX_WAIT_S = 1.0


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
class Attempt:
    succeeded: bool = False


@dataclass
class Count:
    """Attempts for one e-mail, from anywhere or from one network. Times are seconds since the epoch."""

    failures: int = 0
    running: int = 0
    changed: float = 0.0
    locked_until: float = 0.0

    def expire(self, now: float) -> None:
        """Forget old failures, and count abandoned attempts as failures."""
        if now - self.changed > FORGET_AFTER_S:
            self.failures = self.running = 0
        elif now - self.changed > ABANDONED_AFTER_S:
            self.failures += self.running
            self.running = 0

    def has_room(self, limit: int) -> bool:
        """Return whether another attempt may run; at the limit, one at a time."""
        return self.running < max(1, limit - self.failures)

    def start(self, now: float) -> None:
        self.running += 1
        self.changed = now

    def fail(self, limit: int, now: float) -> None:
        self.running = max(0, self.running - 1)
        self.failures += 1
        self.changed = now
        if self.failures >= limit:
            seconds = FIRST_LOCK_S * 2 ** min(self.failures - limit, 10)
            self.locked_until = now + min(seconds, LONGEST_LOCK_S)


Counts = dict[str, Count]
Limits = dict[str, int]  # allowed failures by the name of the count


@contextmanager
def attempt(email: str, ip: str, devices: Iterable[str] = ()) -> Iterator[Attempt]:
    """Count an attempt to sign in: a failure, unless the caller sets `succeeded` on the yielded object.

    `devices` are the cookies that the caller sent (`known_devices.presented`).
    Raises Locked before the caller may check the password.
    """
    key = _digest(email)
    limits = _limits(email, ip, devices)
    _wait_to_start(key, limits)
    current = Attempt()
    try:
        yield current
    finally:
        if not current.succeeded:
            audit_records.record_failure(email, locked_s=_count_failure(key, limits))
        elif "known" in limits:
            _forget(key, limits)
        else:
            clear_failures(email)


def clear_failures(email: str) -> None:
    """Delete all counts of the e-mail, which also unlocks it."""
    SignInAttempts.objects.filter(pk=_digest(email)).delete()


def locked_until(emails: Iterable[str]) -> dict[str, datetime]:
    """Return the e-mails that are locked now, from anywhere or from a network, with the end of the lock."""
    now = time.time()
    email_by_key = {_digest(email): email for email in emails}
    locked = {}
    for row in SignInAttempts.objects.filter(pk__in=list(email_by_key)):
        end = max((count["locked_until"] for count in row.counts.values()), default=0.0)
        if end > now:
            locked[email_by_key[row.pk]] = datetime.fromtimestamp(end, UTC)
    return locked


def delete_old() -> None:
    """Delete the counts of e-mails without an attempt for a day."""
    oldest = timezone.now() - timedelta(seconds=FORGET_AFTER_S)
    SignInAttempts.objects.filter(updated_at__lt=oldest).delete()


def _limits(email: str, ip: str, devices: Iterable[str]) -> Limits:
    """Return the counts that an attempt belongs to, with the failures that each allows."""
    if device := known_devices.recognize(devices, email):
        return {"known": FREE_FROM_ANYWHERE, f"device:{device}": FREE_FROM_ONE_NETWORK}
    return {"all": FREE_FROM_ANYWHERE, _digest(network_of(ip))[:16]: FREE_FROM_ONE_NETWORK}


def _wait_to_start(key: str, limits: Limits) -> None:
    """Count an attempt as running as soon as there is room for it. Raises Locked."""
    if _starts_first(key, limits):
        return
    deadline = time.monotonic() + MAX_WAIT_S
    while not _update(key, lambda counts, now: _start(counts, limits, now)):
        if time.monotonic() > deadline:
            raise Locked(1)
        time.sleep(0.05)


def _starts_first(key: str, limits: Limits) -> bool:
    """Count an attempt for an e-mail without any count, by one command; return False if there are counts."""
    counts: Counts = {}
    _start(counts, limits, time.time())
    return _write(key, None, counts)


def _start(counts: Counts, limits: Limits, now: float) -> bool:
    """Count an attempt as running; return False if there is no room for it. Raises Locked."""
    for name in limits:
        count = counts.setdefault(name, Count())
        count.expire(now)
        if count.locked_until > now:
            raise Locked(count.locked_until - now)
    if not all(counts[name].has_room(limit) for name, limit in limits.items()):
        return False
    for name in limits:
        counts[name].start(now)
    return True


def _count_failure(key: str, limits: Limits) -> float:
    """Turn a running attempt into a failure; return for how many seconds the e-mail is locked."""
    locked_s = 0.0

    def fail(counts: Counts, now: float) -> bool:
        nonlocal locked_s
        for name, limit in limits.items():
            counts.setdefault(name, Count()).fail(limit, now)
        locked_s = max(0.0, *(counts[name].locked_until - now for name in limits))
        return True

    _update(key, fail)
    return locked_s


def _forget(key: str, names: Limits) -> None:
    """Delete these counts of the e-mail, and keep the others."""

    def forget(counts: Counts, _now: float) -> bool:
        if counts.keys().isdisjoint(names):
            return False
        for name in names:
            counts.pop(name, None)
        return True

    _update(key, forget)


def _update(key: str, change: Callable[[Counts, float], bool]) -> bool:
    """Apply `change` to the stored counts, again whenever a concurrent request has written them.

    Return False, without writing, if `change` returns False.
    """
    while True:
        row = SignInAttempts.objects.filter(pk=key).first()
        now = time.time()
        counts = {name: Count(**stored) for name, stored in row.counts.items()} if row else {}
        if not change(counts, now):
            return False
        recent = {name: count for name, count in counts.items() if now - count.changed < FORGET_AFTER_S}
        if _write(key, row, recent):
            return True
        time.sleep(random.uniform(0, 0.01))  # noqa: S311  # jitter, not a secret


def _write(key: str, row: SignInAttempts | None, counts: Counts) -> bool:
    """Replace the row that was read, or delete it if no counts are left.

    Return False if it was written or inserted meanwhile.
    """
    stored = {name: asdict(count) for name, count in counts.items()}
    fields = {"counts": stored, "stamp": uuid.uuid4().hex, "updated_at": timezone.now()}
    if row is not None:
        unchanged = SignInAttempts.objects.filter(pk=key, stamp=row.stamp)
        return (unchanged.update(**fields) if stored else unchanged.delete()[0]) == 1
    try:
        SignInAttempts.objects.create(pk=key, **fields)
    except IntegrityError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
