"""Serializers of the credentials that other features use, too."""

from typing import Any

from rest_framework import serializers

from ecommerce.core.text.emails import as_stored
from ecommerce.core.web.serializers import NewEmailField


class Email(serializers.Serializer[Any]):
    """The e-mail of an account."""

    email = serializers.EmailField(max_length=254)

    def validate_email(self, value: str) -> str:
        return as_stored(value)


class NewEmail(serializers.Serializer[Any]):
    """An e-mail to store."""

    email = NewEmailField()


class Password(serializers.Serializer[Any]):
    password = serializers.CharField(trim_whitespace=False, max_length=128)


class NewPassword(serializers.Serializer[Any]):
    """A new password; the services apply the other rules."""

    password = serializers.CharField(trim_whitespace=False, min_length=8, max_length=128)


class Cookie(serializers.Serializer[Any]):
    cookie = serializers.BooleanField(
        default=False, help_text="Keep the refresh token in an HttpOnly cookie instead of the body."
    )


class Credentials(Email, Password, Cookie): ...


class NewAccount(NewEmail, NewPassword): ...


class NewCredentials(NewAccount, Cookie): ...
