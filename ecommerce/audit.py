"""Who changed what: one entry in the transaction of each change that somebody may have to answer for."""

from typing import Any

from bson import ObjectId
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet

from ecommerce.models import AuditEntry

Facts = dict[str, Any]


def record(
    *,
    actor: AbstractBaseUser | None,
    action: str,
    obj: Model,
    before: Facts,
    after: Facts,
    label: str = "",
) -> None:
    """Write down one change; call it inside the `run_tx` of the change.

    Without an actor it was whom `label` names, somebody without an account, or else the shop itself.

    `action` is `<kind>.<verb>`, such as `order.ship`. `before` and `after` are ready for JSON and hold no
    secrets.
    """
    AuditEntry.objects.create(
        pk=ObjectId(),
        actor_id=actor.pk if actor else None,
        actor=str(actor) if actor else label,
        action=action,
        object_kind=obj._meta.model_name or "",
        object_id=str(obj.pk),
        object_label=str(obj),
        before=before,
        after=after,
    )


def entries_of(obj: Model) -> "QuerySet[AuditEntry]":
    """What happened to it, oldest first."""
    entries = AuditEntry.objects.filter(object_kind=obj._meta.model_name, object_id=str(obj.pk))
    return entries.order_by("at", "pk")
