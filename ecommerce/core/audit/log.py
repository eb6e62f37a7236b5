"""Who changed what: one entry in the transaction of each change that somebody may have to answer for."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.db import DatabaseError
from django.db.models import Model, QuerySet
from pymongo.errors import PyMongoError

from ecommerce.core.db import collection
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.money import as_json
from ecommerce.core.text.times import as_json as time_as_json
from ecommerce.core.web.http import caller_ip

Facts = dict[str, Any]
SOMEBODY = "somebody"  # the label of whoever did not say who they are
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
    """Write down one change; call it inside the `run_tx` of the change.

    An actor is an account or a service key. Without one it was whom `label` names, somebody without an
    account, or else the shop itself.

    `action` is `<kind>.<verb>`, such as `order.ship`. `before` and `after` are ready for JSON and hold no
    secrets. Without an object it was done to one that the shop does not know.
    """
    record_all([entry(actor=actor, action=action, obj=obj, before=before, after=after, label=label)])


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Several at once, in one command."""
    AuditEntry.objects.bulk_create(entries)


@contextmanager
def best_effort(action: str) -> Iterator[None]:
    """For what somebody failed to do: where it cannot be written down, their answer stays the same.

    Not inside a transaction, which a failed command has ended.
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
    """As `record`, but not written yet."""
    return AuditEntry(
        pk=ObjectId(),
        actor_id=actor.pk if actor else None,
        actor=str(actor) if actor else label,
        action=action,
        object_kind=(obj and obj._meta.model_name) or action.partition(".")[0],
        object_id="" if obj is None else str(obj.pk),
        object_label="unknown" if obj is None else str(obj),
        before=before,
        after=after,
        ip=caller_ip.get(),
    )


def differences(obj: Model, fields: Facts) -> tuple[Facts, Facts]:
    """Before and after of those fields in which the object differs from these."""
    changed = {name: new for name, new in fields.items() if getattr(obj, name) != new}
    return facts({name: getattr(obj, name) for name in changed}), facts(changed)


def facts(fields: Facts) -> Facts:
    """Ready for JSON."""
    return {name: _plain(value) for name, value in fields.items()}


def entries_of(obj: Model) -> "QuerySet[AuditEntry]":
    """What happened to it, oldest first."""
    entries = AuditEntry.objects.filter(object_kind=obj._meta.model_name, object_id=str(obj.pk))
    return entries.order_by("at", "pk")


def forget_person(account: Model) -> None:
    """Take an erased account's e-mail out of the log; what was done, when and from where stays.

    This and `forget_guests` are the only changes that entries know. Joins a transaction.
    """
    entries = collection(AuditEntry)
    entries.update_many({"actor_id": account.pk}, {"$set": {"actor": ERASED}})
    own = {"object_kind": account._meta.model_name, "object_id": str(account.pk)}
    entries.update_many(own, {"$set": {"object_label": ERASED}})
    for field in ("before.email", "after.email"):
        entries.update_many({**own, field: {"$exists": True}}, {"$set": {field: ERASED}})


def forget_guests(kind: type[Model], pks: Iterable[ObjectId]) -> None:
    """The same for who did something to these without an account, and is known by an e-mail. Joins too."""
    theirs = {"object_kind": kind._meta.model_name, "object_id": {"$in": [str(pk) for pk in pks]}}
    nameless = {"actor_id": None, "actor": {"$ne": ""}}
    collection(AuditEntry).update_many({**theirs, **nameless}, {"$set": {"actor": ERASED}})


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return as_json(value)
    return time_as_json(value) if isinstance(value, datetime) else value
