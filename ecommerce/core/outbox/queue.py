"""The queue of work outside of MongoDB: no message is lost, and each is delivered once.

`enqueue` writes a message in the transaction of its change. `deliver_due` passes each due message to the
handler of its kind. A worker claims a message with a lease, so concurrent workers deliver it once, and the
message of a killed worker is delivered by another one. If the worker was killed after the delivery but
before recording it, that is a repeat: handlers pass the message's id on as an idempotency key.
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
from django.db.models import F
from django.utils import timezone
from pymongo.errors import DuplicateKeyError

from ecommerce.core.db import as_document, collection, connection, on_commit
from ecommerce.core.errors import DomainError
from ecommerce.core.models import OutboxMessage, OutboxQuerySet
from ecommerce.core.outbox import wakeup

logger = logging.getLogger("shop.outbox")
Handler = Callable[[OutboxMessage], None]
handlers: dict[str, Handler] = {}  # by kind; each app's AppConfig.ready imports the module with its own

BATCH = 20
RUN_S = 5.0  # a worker that gets a signal ends after this run
BACKOFF_CAP_S = 6 * 3600


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register a function that delivers the messages of this kind, and raises to have one retried later."""

    def register(function: Handler) -> Handler:
        handlers[kind] = function
        return function

    return register


def enqueue(*, kind: str, key: str, payload: dict[str, Any]) -> None:
    """Queue one event, inside the `run_tx` of its change. Does nothing if the key is queued already.

    One upsert: an insert with a duplicate key would abort the transaction. Concurrent transactions conflict,
    and the retry finds the row. Outside of a transaction the unique index decides.
    """
    message = as_document(OutboxMessage(pk=ObjectId(), kind=kind, key=key, payload=payload))
    try:
        result = collection(OutboxMessage).update_one({"key": key}, {"$setOnInsert": message}, upsert=True)
    except DuplicateKeyError:
        if connection.in_atomic_block_mongo:
            raise
        return
    if result.upserted_id is not None:
        on_commit(wakeup.wake_up)


def deliver_due(*, seconds: float = RUN_S) -> bool:
    """Deliver messages until none is due; return True if the time ran out before."""
    deadline = time.monotonic() + seconds
    while batch := _due_batch():
        for pk in batch:
            if time.monotonic() > deadline:
                return True
            if message := _claim(pk):
                _deliver(message)
    return False


def resend(message: OutboxMessage) -> bool:
    """Give a dead letter all its attempts again; return False if it is not dead."""
    fresh = {"status": OutboxMessage.Status.PENDING, "attempts": 0, "next_attempt_at": timezone.now()}
    dead = OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.DEAD)
    if revived := dead.update(**fresh) == 1:
        on_commit(wakeup.wake_up)
    return revived


def _due_batch() -> list[ObjectId]:
    """Return the messages due longest, shuffled, so that concurrent workers seldom try the same one."""
    due = list(OutboxMessage.objects.due().order_by("next_attempt_at").values_list("pk", flat=True)[:BATCH])
    random.shuffle(due)
    return due


def _claim(pk: ObjectId) -> OutboxMessage | None:
    """Return the message if this call claimed it, or None.

    Counts the attempt, so that a message that kills its workers ends as a dead letter, too.
    """
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
    except Exception as error:  # noqa: BLE001  # the message is retried, or shown as a dead letter
        _record_failure(message, describe(error))
    else:
        _still_claimed(message).update(
            status=OutboxMessage.Status.SENT, sent_at=timezone.now(), last_error=""
        )


class LeaseRanOut(DomainError):
    message = "The worker ended or took too long at the last attempt."


def _record_failure(message: OutboxMessage, reason: str) -> None:
    fields: dict[str, Any] = {"next_attempt_at": timezone.now() + _backoff(message.attempts)}
    if message.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
        fields = {"status": OutboxMessage.Status.DEAD}
    _still_claimed(message).update(**fields, last_error=reason, claimed_by="")
    logger.warning("%s was not delivered at attempt %d: %s", message.key, message.attempts, reason)


def _still_claimed(message: OutboxMessage) -> OutboxQuerySet:
    """Return the message's row, or no row if the lease ran out and another worker has claimed it."""
    pending = OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.PENDING)
    return pending.filter(claimed_by=message.claimed_by)


def _backoff(attempts: int) -> timedelta:
    longest = min(settings.OUTBOX_BACKOFF_SECONDS * 2 ** min(attempts - 1, 30), BACKOFF_CAP_S)
    return timedelta(seconds=longest * random.uniform(0.75, 1.25))  # noqa: S311  # jitter, not a secret


def describe(error: Exception) -> str:
    """Return what failed and where, without the error's own text, which may hold an e-mail address."""
    name = type(error).__name__
    if isinstance(error, DomainError):
        return f"{name}: {error.message}"[:300]
    if isinstance(error, SMTPResponseException):
        return f"{name}: the mail server answered {error.smtp_code}."
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{name} in {Path(place.filename).name}, line {place.lineno}."[:300]
