"""Use cases of accounts."""

from typing import Any

from bson import ObjectId
from django.contrib.auth import authenticate
from django.db import IntegrityError
from django.db.models import ProtectedError

from accounts.models import User
from ecommerce.lib.errors import DomainError, FieldError
from ecommerce.lib.lease import lease


class EmailTaken(FieldError):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("email", "Email already registered")


class InvalidCredentials(DomainError):
    message, code, status_code = "Invalid credentials", "invalid_credentials", 401


class UserNotFound(DomainError):
    message, code, status_code = "User not found", "user_not_found", 404


class AlreadyAdmin(DomainError):
    message, code = "User is already an admin", "already_admin"


class LastAdmin(FieldError):
    code = "last_admin"

    def __init__(self, field: str = "role") -> None:
        super().__init__(field, "This is the only active admin. Make another one first.")


class HasOrders(DomainError):
    message, code = "This user has orders, which are kept. Make the account inactive instead.", "has_orders"


def sign_up(*, email: str, password: str, role: User.Role = User.Role.USER) -> User:
    """Make an account. Of several requests for one e-mail exactly one succeeds, whatever the case."""
    if User.objects.filter(email=email.lower()).exists():
        raise EmailTaken  # before the slow hash; the unique index decides between racers
    try:
        return User.objects.create_user(email, password, role=role)
    except IntegrityError:
        raise EmailTaken from None


def sign_in(*, email: str, password: str) -> User:
    """The account with these credentials. An unknown e-mail costs the same time as a known one."""
    user = authenticate(username=email.lower(), password=password)
    if not isinstance(user, User):
        raise InvalidCredentials
    return user


def promote_to_admin(*, email: str) -> User:
    promoted = User.objects.filter(email=email.lower(), role=User.Role.USER).update(role=User.Role.ADMIN)
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        raise UserNotFound
    if not promoted:
        raise AlreadyAdmin
    return user


def update_user(*, pk: ObjectId, **fields: Any) -> None:
    """Change just these fields. Raises UserNotFound, EmailTaken or LastAdmin; then nothing was changed."""
    with lease("admins"):  # of two admins who demote each other, one stays
        if (fields.get("role") == User.Role.USER or fields.get("is_active") is False) and _last_admin(pk):
            raise LastAdmin("role" if "role" in fields else "is_active")
        try:
            found = User.objects.filter(pk=pk).update(**fields)
        except IntegrityError:
            raise EmailTaken from None
    if not found:
        raise UserNotFound


def set_password(user: User, password: str) -> None:
    user.set_password(password)
    User.objects.filter(pk=user.pk).update(password=user.password)


def delete_user(user: User) -> None:
    with lease("admins"):
        if _last_admin(user.pk):
            raise LastAdmin
        try:
            user.delete()
        except ProtectedError:
            raise HasOrders from None


def ensure_default_admin(*, email: str, password: str) -> bool:
    """Make the admin of the environment unless the e-mail has an account; True where it was made."""
    try:
        sign_up(email=email, password=password, role=User.Role.ADMIN)
    except EmailTaken:
        return False
    return True


def _last_admin(pk: ObjectId) -> bool:
    """Nobody else could let this admin in again."""
    admins = User.objects.filter(role=User.Role.ADMIN, is_active=True)
    return admins.filter(pk=pk).exists() and not admins.exclude(pk=pk).exists()
