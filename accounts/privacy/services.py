"""Use cases of personal data: export all of it, or erase it."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit_records
from accounts.addresses import services as addresses
from accounts.models import EmailChange, OneTimeToken, TokenFamily, User, WebSession
from accounts.privacy import personal_data
from accounts.sessions import cache
from accounts.sessions import services as sessions
from accounts.sign_in import lockout
from accounts.sign_in import services as sign_in
from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.errors import DomainError
from ecommerce.core.text.times import as_json as time_as_json


class HasRole(DomainError):
    """Staff answer for their work, so they cannot erase themselves."""

    message = gettext_noop("Staff cannot delete their account. Ask an admin to take your role away first.")
    code, status_code = "has_role", 409


def export_account(user: User) -> dict[str, Any]:
    """Return all data that the shop holds about the user, ready for JSON."""
    last_login = time_as_json(user.last_login) if user.last_login else None
    account = user.as_dict() | {"name": user.name, "last_login": last_login}
    open_sessions = [session.as_dict() for session in sessions.list_sessions(user, current="")]
    registered = {name: holder.export(user) for name, holder in personal_data.holders.items()}
    return {
        "exported_at": time_as_json(timezone.now()),
        "account": account,
        "sessions": open_sessions,
        **registered,
    }


def erase_account(user: User, *, password: str, ip: str, devices: Iterable[str] = ()) -> None:
    """Erase all personal data, but keep the orders and, for them, an anonymous account.

    Raises WrongPassword, Locked or HasRole.
    """
    if user.is_staff:
        raise HasRole
    sign_in.confirm_password(user, password=password, ip=ip, devices=devices)
    run_tx(lambda: _erase(user))
    lockout.clear_failures(user.email)


def _erase(user: User) -> None:
    """Erase the data of every holder and of the account itself inside a transaction."""
    _anonymize(user)
    audit_records.record(user, "erase", by=user)
    for holder in personal_data.holders.values():
        holder.erase(user)
    for model in (TokenFamily, OneTimeToken, EmailChange):
        model._default_manager.filter(user=user).delete()
    WebSession.objects.filter(user=user.pk).delete()
    cache.invalidate_account(user.pk)


def _anonymize(user: User) -> None:
    """Remove the person from the account. Raises HasRole, also if the role has just been given."""
    erased = User.objects.filter(pk=user.pk, role=User.Role.USER).update(
        email=f"erased-{user.pk}@erased.invalid",
        email_verified_at=None,
        name="",
        password=make_password(None),
        is_active=False,
        last_login=None,
        erased_at=timezone.now(),
        token_version=F("token_version") + 1,
        revoked_families=[],
    )
    if not erased:
        raise HasRole


personal_data.register("addresses", export=addresses.export, erase=addresses.erase)
personal_data.register("history", export=audit_records.export, erase=audit.forget_person)
