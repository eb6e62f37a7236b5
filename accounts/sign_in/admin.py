"""The sign-in form of the admin, with the lockout."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from ecommerce.core.errors import Busy, DomainError


class SignInForm(AuthenticationForm):
    def clean(self) -> Any:
        try:
            return super().clean()
        except Busy:
            raise  # answered with 503
        except DomainError as refusal:
            raise ValidationError(refusal.message) from None


admin.site.login_form = SignInForm
