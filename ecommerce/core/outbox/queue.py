"""The outbox: what must happen outside of MongoDB stands in it, so that nothing is lost or doubled.

`enqueue` writes a row in the transaction of the change it belongs to. `deliver_due` hands each row that is
due to the handler of its kind. Who claims a row has it until its lease ends: several workers deliver it once,
and the row of a killed one is taken over. If it was killed between the delivery and its record, that delivers
it again; so handlers pass the row's id on as the key by which a repeat is known.
"""

import logging
import random
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPResponseException
from typing import Any
from uuid import uuid4

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from ecommerce.core.db import connection, on_commit
from ecommerce.core.errors import DomainError
from ecommerce.core.models import OutboxMessage, OutboxQuerySet
from ecommerce.core.outbox import wakeup

logger = logging.getLogger("shop.outbox")
Handler = Callable[[OutboxMessage], None]
handlers: dict[str, Handler] = {}  # by kind; an app's AppConfig.ready imports the module that has them

BATCH = 20
RUN_S = 5.0  # a worker that is told to stop ends after this run
BACKOFF_CAP_S = 6 * 3600


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Deliver the rows of this kind with the function below: it returns, or raises to be tried again."""

    def register(function: Handler) -> Handler:
        handlers[kind] = function
        return function

    return register


def enqueue(*, kind: str, key: str, payload: dict[str, Any]) -> None:
    """Queue one event; call it inside `run_tx`. A row that has the key is left as it is.

    A taken key aborts a transaction, so it is looked for first. Racers in transactions conflict, and the one
    that is retried finds the row; outside of one the unique index decides.
    """
    if OutboxMessage.objects.filter(key=key).exists():
        return
    try:
        OutboxMessage.objects.create(pk=ObjectId(), kind=kind, key=key, payload=payload)
    except IntegrityError:
        if connection.in_atomic_block_mongo:
            raise
    on_commit(wakeup.wake_up)


def deliver_due(*, seconds: float = RUN_S) -> bool:
    """Deliver rows until none is due; True where the time was over before."""
    deadline = time.monotonic() + seconds
    while due := _some_due():
        for pk in due:
            if time.monotonic() > deadline:
                return True
            if message := _claim(pk):
                _deliver(message)
    return False


def resend(message: OutboxMessage) -> bool:
    """Give a dead letter all its attempts again; False where it was not dead."""
    fresh = {"status": OutboxMessage.Status.PENDING, "attempts": 0, "next_attempt_at": timezone.now()}
    dead = OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.DEAD)
    if revived := dead.update(**fresh) == 1:
        on_commit(wakeup.wake_up)
    return revived


def _some_due() -> list[ObjectId]:
    """The longest due, shuffled, so that several workers seldom reach for the same one."""
    due = list(OutboxMessage.objects.due().order_by("next_attempt_at").values_list("pk", flat=True)[:BATCH])
    random.shuffle(due)
    return due


def _claim(pk: ObjectId) -> OutboxMessage | None:
    """The row, if this call got it. An attempt counts from here: a row that kills its workers dies, too."""
    holder = uuid4().hex
    lease_ends = timezone.now() + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
    claimed = (
        OutboxMessage.objects.due()
        .filter(pk=pk)
        .update(claimed_by=holder, next_attempt_at=lease_ends, attempts=F("attempts") + 1)
    )
    return OutboxMessage.objects.filter(pk=pk, claimed_by=holder).first() if claimed else None


def _deliver(message: OutboxMessage) -> None:
    try:
        if message.attempts > settings.OUTBOX_MAX_ATTEMPTS:
            raise LeaseRanOut
        handlers[message.kind](message)
    except Exception as error:  # noqa: BLE001  # whatever it is, the row is tried again or shown as dead
        _failed(message, describe(error))
    else:
        _mine(message).update(status=OutboxMessage.Status.SENT, sent_at=timezone.now(), last_error="")


class LeaseRanOut(DomainError):
    message = "The worker ended or took too long at the last attempt."


def _failed(message: OutboxMessage, reason: str) -> None:
    fields: dict[str, Any] = {"next_attempt_at": timezone.now() + _backoff(message.attempts)}
    if message.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
        fields = {"status": OutboxMessage.Status.DEAD}
    _mine(message).update(**fields, last_error=reason, claimed_by="")
    logger.warning("%s was not delivered at attempt %d: %s", message.key, message.attempts, reason)


def _mine(message: OutboxMessage) -> OutboxQuerySet:
    """Nothing, where the lease ran out and another worker has the row now."""
    pending = OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.PENDING)
    return pending.filter(claimed_by=message.claimed_by)


def _backoff(attempts: int) -> timedelta:
    longest = min(settings.OUTBOX_BACKOFF_SECONDS * 2 ** min(attempts - 1, 30), BACKOFF_CAP_S)
    return timedelta(seconds=longest * random.uniform(0.75, 1.25))  # noqa: S311  # jitter, not a secret


def describe(error: Exception) -> str:
    """For the admin and the log: what failed and where. An error's own text may have an address in it."""
    name = type(error).__name__
    if isinstance(error, DomainError):
        return f"{name}: {error.message}"[:300]
    if isinstance(error, SMTPResponseException):
        return f"{name}: the mail server answered {error.smtp_code}."
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{name} in {Path(place.filename).name}, line {place.lineno}."[:300]
