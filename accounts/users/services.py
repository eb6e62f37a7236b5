"""Use cases of accounts as staff manage them: create, change, unlock, delete."""

from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F, ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import emails, history
from accounts.models import User
from accounts.roles import Role
from accounts.sessions import cache
from accounts.sign_in import lockout, passwords
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.db.lease import lease
from ecommerce.core.errors import DomainError, FieldError

ENDS_SESSIONS = {"role", "is_active"}
VERBS = {"role": "set_role", "is_active": "set_active", "email": "set_email"}


class EmailTaken(FieldError):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("email", gettext_noop("Email already registered"))


class UserNotFound(DomainError):
    message, code, status_code = "User not found", "user_not_found", 404


class AlreadyAdmin(DomainError):
    message, code = "User is already an admin", "already_admin"


class LastAdmin(FieldError):
    code = "last_admin"

    def __init__(self, field: str = "role") -> None:
        super().__init__(field, gettext_noop("This is the only active admin. Make another one first."))


class HasOrders(DomainError):
    message, code = "This user has orders, which are kept. Make the account inactive instead.", "has_orders"


def set_name(user: User, *, name: str) -> None:
    User.objects.filter(pk=user.pk).update(name=name)


def create_user(*, email: str, password: str, role: Role = Role.USER, by: User | None = None) -> User:
    """An account made by whoever runs the shop: its e-mail needs no confirming."""
    passwords.refuse_weak(password, email=email.lower())
    return insert_user(User(email=email.lower(), role=role, email_verified_at=timezone.now()), password, by)


def promote_to_admin(*, email: str, by: User | None = None) -> User:
    """The new admin's sessions end: they were begun with less at stake. Raises UserNotFound, AlreadyAdmin."""
    user = _with_email(email)
    if not run_tx(lambda: _update(user.pk, by, {"role": Role.ADMIN})):
        raise AlreadyAdmin
    return _with_email(email)


def set_role(*, email: str, role: Role, by: User | None = None) -> User:
    """Promote or demote; another role ends all sessions. Raises UserNotFound, LastAdmin."""
    update_user(pk=_with_email(email).pk, by=by, role=role)
    return _with_email(email)


def update_user(*, pk: ObjectId, by: User | None = None, **fields: Any) -> None:
    """Change just these fields; another role or state ends all sessions, another e-mail is unconfirmed.

    Raises UserNotFound, EmailTaken or LastAdmin; then nothing was changed.
    """
    leaves = fields.get("role", Role.ADMIN) != Role.ADMIN or fields.get("is_active") is False
    with lease("admins"):  # of two admins who demote each other, one stays
        if leaves and last_admin(pk):
            raise LastAdmin("role" if "role" in fields else "is_active")
        try:
            run_tx(lambda: _update(pk, by, fields))
        except IntegrityError:
            raise EmailTaken from None


def unlock(*, user_id: str, by: User) -> None:
    """Forget the failures at signing in to this account's e-mail. Raises UserNotFound."""
    user = User.objects.filter(pk=object_id(user_id)).first()
    if user is None:
        raise UserNotFound

    def forget() -> None:
        lockout.clear_failures(user.email)
        history.record(user, "unlock", by=by)

    run_tx(forget)


def delete_user(user: User, *, by: User | None = None) -> None:
    with lease("admins"):
        if last_admin(user.pk):
            raise LastAdmin
        try:
            run_tx(lambda: _delete(user, by))
        except ProtectedError:
            raise HasOrders from None


def ensure_default_admin(*, email: str, password: str) -> bool:
    """Make the admin of the environment unless the e-mail has an account; True where it was made."""
    admin = User(email=email.lower(), role=Role.ADMIN, email_verified_at=timezone.now())
    try:
        insert_user(admin, password)
    except EmailTaken:
        return False
    return True


def last_admin(pk: ObjectId) -> bool:
    """Nobody else could let this admin in again. Ask it under the lease `admins`."""
    admins = User.objects.filter(role=Role.ADMIN, is_active=True)
    return admins.filter(pk=pk).exists() and not admins.exclude(pk=pk).exists()


def _delete(user: User, by: User | None) -> None:
    deleted, _rows = User.objects.filter(pk=user.pk).delete()
    if not deleted:
        raise UserNotFound
    cache.invalidate_account(user.pk)
    history.record(user, "delete", by=by)
    if not user.is_staff:  # what staff did stays theirs
        audit.forget_person(user)


def _with_email(email: str) -> User:
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        raise UserNotFound
    return user


def _update(pk: ObjectId, by: User | None, fields: dict[str, Any]) -> bool:
    """Inside a transaction: False where the account is like that already, and nothing was changed."""
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise UserNotFound
    changed = {name: value for name, value in fields.items() if getattr(user, name) != value}
    follows: dict[str, Any] = {}
    if ENDS_SESSIONS & changed.keys():
        follows["token_version"] = F("token_version") + 1
    if "email" in changed:
        follows["email_verified_at"] = None
    if changed:
        User.objects.filter(pk=pk).update(**changed, **follows)
        cache.invalidate_account(pk)
    for name, value in changed.items():
        history.record(user, VERBS[name], by=by, before={name: getattr(user, name)}, after={name: value})
    return bool(changed)


def insert_user(user: User, password: str, by: User | None = None) -> User:
    if User.objects.filter(email=user.email).exists():
        raise EmailTaken  # before the slow hash; the unique index decides between racers
    user.pk = ObjectId()
    user.set_password(password)
    try:
        run_tx(lambda: _insert_in_transaction(user, by))
    except IntegrityError:
        raise EmailTaken from None
    return user


def _insert_in_transaction(user: User, by: User | None) -> None:
    user.save(force_insert=True)
    if user.is_staff:
        history.record(user, "set_role", by=by, after={"role": str(user.role)})
    if user.email_verified_at is None:
        history.record(user, "sign_up", by=user)
        emails.queue_verification(user)
