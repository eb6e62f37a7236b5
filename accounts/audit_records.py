"""Audit log entries about accounts."""

from datetime import timedelta
from typing import Any

from django.db.models import Model

from accounts.models import User
from ecommerce.core import audit
from ecommerce.core.text.times import as_json as time_as_json

# What anyone on the internet can cause stays this long; the entries of all other changes stay for good.
KEPT = {"fail_sign_in": timedelta(days=90), "lock": timedelta(days=90)}
KEPT |= {"sign_up": timedelta(days=365), "sign_in": timedelta(days=365)}


def record(
    user: User,
    verb: str,
    *,
    by: Model | None,
    before: audit.Facts | None = None,
    after: audit.Facts | None = None,
) -> None:
    """Write an entry about the account; call it inside the `run_tx` of the change."""
    audit.record(actor=by, action=f"user.{verb}", obj=user, before=before or {}, after=after or {})


def record_failure(email: str, *, locked_s: float) -> None:
    """Write an entry about a wrong password, and another one if it locked the e-mail.

    The cost is the same for known and unknown e-mails. The text of an unknown e-mail is not recorded: it may
    belong to a stranger, or be a password typed into the wrong field.
    """
    with audit.best_effort("user.fail_sign_in"):
        user = User.objects.filter(email=email).first()
        entries = [_by_unknown_actor("fail_sign_in", user, {})]
        if locked_s:
            entries.append(_by_unknown_actor("lock", user, {"seconds": round(locked_s)}))
        audit.record_all(entries)


def record_token_reuse(user: User, family: Model) -> None:
    """Write an entry about a refresh token used twice; call it in the transaction that ends the family."""
    audit.record_all([_by_unknown_actor("reuse_token", user, {"session": str(family.pk)})])


def forget_old() -> None:
    """Delete old entries of attempts that anyone can make."""
    for verb, kept in KEPT.items():
        audit.forget_old(f"user.{verb}", older_than=kept)


def export(user: User) -> list[dict[str, Any]]:
    """Return the account's entries, ready for JSON, without naming who caused them."""
    return [
        {"at": time_as_json(entry.at), "action": entry.action, "ip": entry.ip}
        for entry in audit.entries_of(user)
    ]


def _by_unknown_actor(verb: str, user: User | None, after: audit.Facts) -> Any:
    return audit.entry(
        actor=None, label=audit.UNKNOWN_ACTOR, action=f"user.{verb}", obj=user, before={}, after=after
    )
