"""Use cases of signing up and signing in."""

from collections.abc import Iterable

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.sign_in import lockout, passwords
from accounts.sign_in.bulkhead import password_work
from accounts.users.services import insert_user
from ecommerce.core.errors import DomainError, FieldError
from ecommerce.core.text.emails import as_stored


class InvalidCredentials(DomainError):
    message, code, status_code = gettext_noop("Invalid credentials"), "invalid_credentials", 401


class WrongPassword(FieldError):
    code = "wrong_password"

    def __init__(self, field: str) -> None:
        super().__init__(field, _("This is not your password."))


def sign_up(*, email: str, password: str) -> User:
    """Create a customer's account, queue the mail that asks to confirm the e-mail, and return the account.

    Raises WeakPassword, EmailTaken or Busy.
    """
    passwords.refuse_weak(password, email=as_stored(email))
    return insert_user(User(email=as_stored(email)), password=password)


def sign_in(*, email: str, password: str, ip: str, devices: Iterable[str] = ()) -> User:
    """Return the account with these credentials, in the same time for a known and an unknown e-mail.

    `devices` are the cookies by which the lockout may know the device (`known_devices.presented`).
    Raises InvalidCredentials, Locked after too many failures, or Busy.
    """
    user = authenticate(username=as_stored(email), password=password, ip=ip, devices=devices)
    if not isinstance(user, User):
        raise InvalidCredentials
    return user


def confirm_password(
    user: User, *, password: str, ip: str, devices: Iterable[str] = (), field: str = "password"
) -> None:
    """Check the password before an irreversible step; a wrong one counts as a failed sign-in.

    Raises WrongPassword for `field`, Locked or Busy.
    """
    with password_work(), lockout.attempt(user.email, ip, devices) as attempt:
        attempt.succeeded = user.check_password(password)
    if not attempt.succeeded:
        raise WrongPassword(field)
