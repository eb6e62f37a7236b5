"""Password rules, checked by the validators in AUTH_PASSWORD_VALIDATORS."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sign_in.bulkhead import password_work
from ecommerce.core.errors import FieldError


class WeakPassword(FieldError):
    code = "weak_password"

    def __init__(self, message: str) -> None:
        super().__init__("password", message)


def refuse_weak(password: str, *, email: str) -> None:
    """Raise WeakPassword, with every reason, unless the password follows the rules."""
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None


def hashed(password: str) -> str:
    """Return the hash to store. Raises Busy."""
    with password_work():
        return make_password(password)


class MaximumLengthValidator:
    """A validator that refuses passwords longer than the field of the sign-in form."""

    limit = 128

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > self.limit:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("Your password must contain at most %(limit)d characters.") % {"limit": self.limit}
