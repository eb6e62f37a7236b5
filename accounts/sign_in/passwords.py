"""What a password may be. The validators are in AUTH_PASSWORD_VALIDATORS; every way in asks them."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from ecommerce.core.errors import FieldError


class WeakPassword(FieldError):
    code = "weak_password"

    def __init__(self, message: str) -> None:
        super().__init__("password", message)


def refuse_weak(password: str, *, email: str) -> None:
    """Raises WeakPassword with all that is wrong with it."""
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None


class MaximumLengthValidator:
    """Longer ones could be set, but not typed in: the sign-in form ends there."""

    limit = 128

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > self.limit:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("Your password must contain %(limit)d characters at the most.") % {"limit": self.limit}
