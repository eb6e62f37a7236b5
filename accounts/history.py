"""What the audit log says of accounts."""

from typing import Any

from django.db.models import Model

from accounts.models import User
from ecommerce.core import audit
from ecommerce.core.text.times import as_json as time_as_json


def tell(
    user: User,
    verb: str,
    *,
    by: Model | None,
    before: audit.Facts | None = None,
    after: audit.Facts | None = None,
) -> None:
    """Call it inside the `run_tx` of the change."""
    audit.record(actor=by, action=f"user.{verb}", obj=user, before=before or {}, after=after or {})


def tell_failure(email: str, *, locked_s: float) -> None:
    """A password that did not fit, and whether that locked the e-mail.

    Known or not, it costs the same two commands. An e-mail without an account is not written down: it is a
    stranger's, or a password in the wrong field.
    """
    with audit.best_effort("user.fail_sign_in"):
        user = User.objects.filter(email=email).first()
        entries = [_by_somebody("fail_sign_in", user, {})]
        if locked_s:
            entries.append(_by_somebody("lock", user, {"seconds": round(locked_s)}))
        audit.record_all(entries)


def tell_reuse(user: User, family: Model) -> None:
    """Inside the transaction that ends the family."""
    audit.record_all([_by_somebody("reuse_token", user, {"session": str(family.pk)})])


def export(user: User) -> list[dict[str, Any]]:
    """What happened to the account; who else it was that did it is theirs."""
    return [
        {"at": time_as_json(entry.at), "action": entry.action, "ip": entry.ip}
        for entry in audit.entries_of(user)
    ]


def _by_somebody(verb: str, user: User | None, after: audit.Facts) -> Any:
    return audit.entry(
        actor=None, label=audit.UNKNOWN_ACTOR, action=f"user.{verb}", obj=user, before={}, after=after
    )
