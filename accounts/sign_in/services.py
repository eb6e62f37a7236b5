"""Use cases of signing up and signing in."""

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.sign_in import lockout, passwords
from accounts.users.services import insert_user
from ecommerce.core.errors import DomainError, FieldError


class InvalidCredentials(DomainError):
    message, code, status_code = gettext_noop("Invalid credentials"), "invalid_credentials", 401


class WrongPassword(FieldError):
    code = "wrong_password"

    def __init__(self, field: str) -> None:
        super().__init__(field, _("This is not your password."))


def sign_up(*, email: str, password: str) -> User:
    """Make a customer's account, and send a mail that asks to confirm the e-mail.

    Of several requests for one e-mail exactly one succeeds, whatever the case.
    """
    passwords.refuse_weak(password, email=email.lower())
    return insert_user(User(email=email.lower()), password)


def sign_in(*, email: str, password: str, ip: str) -> User:
    """The account with these credentials. An unknown e-mail costs the same time as a known one.

    Raises InvalidCredentials, or Locked after too many of those.
    """
    user = authenticate(username=email.lower(), password=password, ip=ip)
    if not isinstance(user, User):
        raise InvalidCredentials
    return user


def confirm_password(user: User, password: str, *, ip: str, field: str = "password") -> None:
    """Ask again before what cannot be taken back. Counts like a sign-in. Raises WrongPassword, Locked."""
    with lockout.attempt(user.email, ip) as attempt:
        attempt.succeeded = user.check_password(password)
    if not attempt.succeeded:
        raise WrongPassword(field)
