"""Use cases of accounts as staff manage them: create, change, unlock, delete."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, ProtectedError, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit_records, emails
from accounts.models import User
from accounts.recovery import one_time_links
from accounts.roles import Role
from accounts.sessions import cache
from accounts.sign_in import lockout, passwords
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.db.lease import lease
from ecommerce.core.errors import DomainError, FieldError
from ecommerce.core.outbox.mail_budget import TooManyMails
from ecommerce.core.text.emails import as_stored

VERBS = {"role": "set_role", "is_active": "set_active", "email": "set_email"}


class EmailTaken(FieldError):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("email", gettext_noop("Email already registered"))


class UserNotFound(DomainError):
    message, code, status_code = "User not found", "user_not_found", 404


class AlreadyAdmin(DomainError):
    message, code = "User is already an admin", "already_admin"


class EmailUnverified(FieldError):
    """Staff need a confirmed e-mail: a stranger may have registered it, who then knows the password."""

    code, status_code = "email_unverified", 409

    def __init__(self, field: str = "role") -> None:
        super().__init__(field, "Staff need a confirmed e-mail. Its owner can confirm it by the mailed link.")


class LastAdmin(FieldError):
    code = "last_admin"

    def __init__(self, field: str = "role") -> None:
        super().__init__(field, gettext_noop("This is the only active admin. Make another one first."))


class HasOrders(DomainError):
    message, code = "This user has orders, which are kept. Make the account inactive instead.", "has_orders"


def set_name(user: User, *, name: str) -> None:
    """Store the name that the user has entered."""
    User.objects.filter(pk=user.pk).update(name=name)


def create_user(*, email: str, password: str, role: Role = Role.USER, by: User | None = None) -> User:
    """Create an account on behalf of staff, and return it; its e-mail needs no confirmation.

    Raises WeakPassword or EmailTaken.
    """
    passwords.refuse_weak(password, email=as_stored(email))
    user = User(email=as_stored(email), role=role, email_verified_at=timezone.now())
    return insert_user(user, password=password, by=by)


def ensure_default_admin(*, email: str, password: str) -> bool:
    """Create the admin named in the environment; return False if the e-mail already has an account."""
    admin = User(email=as_stored(email), role=Role.ADMIN, email_verified_at=timezone.now())
    try:
        insert_user(admin, password=password)
    except EmailTaken:
        return False
    return True


def insert_user(user: User, *, password: str, by: User | None = None) -> User:
    """Insert the account and return it; exactly one of several concurrent requests for an e-mail succeeds.

    Raises EmailTaken.
    """
    if User.objects.filter(email=user.email).exists():
        raise EmailTaken  # saves the slow hash; the unique index decides a race
    user.pk = ObjectId()
    user.password = passwords.hashed(password)
    try:
        run_tx(lambda: _insert(user, by))
    except IntegrityError:
        raise EmailTaken from None
    return user


def promote_to_admin(*, email: str, by: User | None = None) -> User:
    """Make the user an admin, end all their sessions, tell them by mail, and return the account.

    Raises UserNotFound, AlreadyAdmin or EmailUnverified.
    """
    return promote(email=email, role=Role.ADMIN, by=by)


def promote(*, email: str, role: Role, by: User | None = None) -> User:
    """Give the user this staff role as `set_role` does, but never demote an admin; joins a transaction.

    Raises UserNotFound, AlreadyAdmin or EmailUnverified.
    """

    def grant() -> User:
        user = _get_by_email(email)
        if user.is_superuser:
            raise AlreadyAdmin
        _update(user.pk, by, {"role": role})
        return _get_by_email(email)

    return run_tx(grant)


def set_role(*, email: str, role: Role, by: User | None = None) -> User:
    """Change the role, which ends all sessions and queues a mail if it differs, and return the account.

    Raises UserNotFound, LastAdmin or EmailUnverified.
    """
    update_user(pk=_get_by_email(email).pk, by=by, role=role)
    return _get_by_email(email)


def update_user(*, pk: ObjectId, by: User | None = None, **fields: Any) -> None:
    """Change only these fields.

    Any change ends all sessions and withdraws all mailed links; a new e-mail is unconfirmed. Raises
    UserNotFound, EmailTaken, EmailUnverified or LastAdmin; then nothing has changed.
    """
    removes_admin = fields.get("role", Role.ADMIN) != Role.ADMIN or fields.get("is_active") is False
    with lease("admins"):  # so that two admins cannot demote each other at once
        if removes_admin and is_last_admin(pk):
            raise LastAdmin("role" if "role" in fields else "is_active")
        try:
            run_tx(lambda: _update(pk, by, fields))
        except IntegrityError:
            raise EmailTaken from None


def unlock(*, user_id: str, by: User) -> None:
    """Clear the failed sign-ins of this account's e-mail. Raises UserNotFound."""
    user = User.objects.filter(pk=object_id(user_id)).first()
    if user is None:
        raise UserNotFound
    _unlock(user, by)


def unlock_email(email: str) -> User:
    """Clear the failed sign-ins of this e-mail, and return its account. Raises UserNotFound."""
    user = _get_by_email(email)
    _unlock(user, None)
    return user


def _unlock(user: User, by: User | None) -> None:
    def clear() -> None:
        lockout.clear_failures(user.email)
        audit_records.record(user, "unlock", by=by)

    run_tx(clear)


def delete_user(user: User, *, by: User | None = None) -> None:
    """Delete the account. Raises UserNotFound, LastAdmin or HasOrders."""
    with lease("admins"):
        if is_last_admin(user.pk):
            raise LastAdmin
        try:
            run_tx(lambda: _delete(user, by))
        except ProtectedError:
            raise HasOrders from None


def abandoned(*, older_than: timedelta) -> "QuerySet[User]":
    """Return customers who never confirmed their e-mail, and last signed in so long ago."""
    unconfirmed = User.objects.filter(role=Role.USER, email_verified_at=None)
    return unconfirmed.filter(last_login__lt=timezone.now() - older_than)


def is_last_admin(pk: ObjectId) -> bool:
    """Return whether this is the only active admin; call it under the lease `admins`."""
    admins = User.objects.filter(role=Role.ADMIN, is_active=True)
    return admins.filter(pk=pk).exists() and not admins.exclude(pk=pk).exists()


def _get_by_email(email: str) -> User:
    user = User.objects.filter(email=as_stored(email)).first()
    if user is None:
        raise UserNotFound
    return user


def _insert(user: User, by: User | None) -> None:
    """Insert the account inside a transaction."""
    user.save(force_insert=True)
    if user.is_staff:
        audit_records.record(user, "set_role", by=by, after={"role": str(user.role)})
    if user.email_verified_at is None:
        audit_records.record(user, "sign_up", by=user)
        with suppress(TooManyMails):  # the account page sends another one later
            emails.queue_verification(user)


def _update(pk: ObjectId, by: User | None, fields: dict[str, Any]) -> bool:
    """Update the account inside a transaction; return False if nothing differs."""
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise UserNotFound
    changes = {name: value for name, value in fields.items() if getattr(user, name) != value}
    if not changes:
        return False
    _refuse_unverified_staff(user, changes)
    unconfirmed = {"email_verified_at": None} if "email" in changes else {}
    User.objects.filter(pk=pk).update(**changes, **unconfirmed, token_version=F("token_version") + 1)
    one_time_links.withdraw(user)
    cache.invalidate_account(pk)
    _tell(user, by, changes)
    return True


def _tell(user: User, by: User | None, changes: dict[str, Any]) -> None:
    """Write the audit entries of the changes, and queue the mail about a new role."""
    for name, value in changes.items():
        before = {name: getattr(user, name)}
        audit_records.record(user, VERBS[name], by=by, before=before, after={name: value})
    if role := changes.get("role"):
        emails.queue_role_changed(user, role=role, version=user.token_version + 1)


def _refuse_unverified_staff(user: User, changes: dict[str, Any]) -> None:
    """Raise EmailUnverified if staff would have an unconfirmed e-mail, as a changed one is."""
    is_staff = changes.get("role", user.role) != Role.USER
    if not (settings.REQUIRE_VERIFIED_STAFF and is_staff):
        return
    if "email" in changes:
        raise EmailUnverified("email")
    if "role" in changes and user.email_verified_at is None:
        raise EmailUnverified


def _delete(user: User, by: User | None) -> None:
    """Delete the account inside a transaction."""
    deleted, _rows = User.objects.filter(pk=user.pk).delete()
    if not deleted:
        raise UserNotFound
    cache.invalidate_account(user.pk)
    audit_records.record(user, "delete", by=by)
    if not user.is_staff:  # the audit log keeps the names of staff
        audit.forget_person(user)
