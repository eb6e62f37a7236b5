"""Entries of the audit log, each written in the transaction of the change that it records."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.utils import timezone
from pymongo.errors import PyMongoError

from ecommerce.core.db import collection
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.money import as_json
from ecommerce.core.text.times import as_json as time_as_json
from ecommerce.core.web.http import caller_ip

Facts = dict[str, Any]
UNKNOWN_ACTOR = "unidentified"  # the label of an actor who is neither signed in nor named
ERASED = "erased account"

logger = logging.getLogger("shop.security")


def record(
    *,
    actor: Model | None,
    action: str,
    obj: Model | None,
    before: Facts,
    after: Facts,
    label: str = "",
) -> None:
    """Record one change, inside the `run_tx` of the change.

    The actor is an account or a service key. Without one `label` names a person who has no account; with
    neither it was the shop itself. `action` is `<kind>.<verb>`, such as `order.ship`. `before` and `after`
    are JSON values (see `facts`) and hold no secrets. `obj` is None for an object that does not exist.
    """
    record_all([entry(actor=actor, action=action, obj=obj, before=before, after=after, label=label)])


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Write several entries in one command."""
    AuditEntry.objects.bulk_create(entries)


@contextmanager
def best_effort(action: str) -> Iterator[None]:
    """Log a warning if the entry written in this block cannot be stored, instead of failing the request.

    For failed attempts, such as a wrong password. Not for use in a transaction, which the failure aborts.
    """
    try:
        yield
    except (DatabaseError, PyMongoError) as error:
        logger.warning("The audit log lacks an entry: %s (%s).", action, type(error).__name__)


def entry(
    *,
    actor: Model | None,
    action: str,
    obj: Model | None,
    before: Facts,
    after: Facts,
    label: str = "",
) -> AuditEntry:
    """Return an entry without writing it; see `record`."""
    return AuditEntry(
        pk=ObjectId(),
        actor_id=actor.pk if actor else None,
        actor=str(actor) if actor else label,
        by_staff=getattr(actor, "is_staff", False),
        action=action,
        object_kind=(obj and obj._meta.model_name) or action.partition(".")[0],
        object_id="" if obj is None else str(obj.pk),
        object_label="unknown" if obj is None else str(obj),
        before=before,
        after=after,
        ip=caller_ip.get(),
    )


def differences(obj: Model, fields: Facts) -> tuple[Facts, Facts]:
    """Return the old and the new values of the fields in which the object differs from the given ones."""
    changed = {name: new for name, new in fields.items() if getattr(obj, name) != new}
    return facts({name: getattr(obj, name) for name in changed}), facts(changed)


def facts(fields: Facts) -> Facts:
    """Return the fields with JSON values."""
    return {name: _json_value(value) for name, value in fields.items()}


def entries_of(obj: Model) -> "QuerySet[AuditEntry]":
    """Return the entries about the object, the oldest first."""
    entries = AuditEntry.objects.filter(object_kind=obj._meta.model_name, object_id=str(obj.pk))
    return entries.order_by("at", "pk")


def forget_person(account: Model) -> None:
    """Replace an erased account's e-mail in the log; the rest of its entries stays. Joins a transaction.

    What the person did as staff keeps their name. Only this function and `forget_guests` ever change entries.
    """
    entries = collection(AuditEntry)
    as_customer = {"actor_id": account.pk, "by_staff": {"$ne": True}}
    entries.update_many(as_customer, {"$set": {"actor": ERASED}})
    own = {"object_kind": account._meta.model_name, "object_id": str(account.pk)}
    entries.update_many(own, {"$set": {"object_label": ERASED}})
    for field in ("before.email", "after.email"):
        entries.update_many({**own, field: {"$exists": True}}, {"$set": {field: ERASED}})


def forget_guests(kind: type[Model], pks: Iterable[ObjectId]) -> None:
    """Replace the e-mails of guests who did something to these objects. Joins a transaction."""
    about_these = {"object_kind": kind._meta.model_name, "object_id": {"$in": [str(pk) for pk in pks]}}
    by_guests = {"actor_id": None, "actor": {"$ne": ""}}
    collection(AuditEntry).update_many({**about_these, **by_guests}, {"$set": {"actor": ERASED}})


def forget_old(action: str, *, older_than: timedelta) -> None:
    """Delete old entries of an action that anyone can cause; no others are ever deleted."""
    old = {"action": action, "at": {"$lt": timezone.now() - older_than}}
    collection(AuditEntry).delete_many(old)


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return as_json(value)
    return time_as_json(value) if isinstance(value, datetime) else value
