from typing import Any

from rest_framework import serializers

from accounts.models import User


class Email(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)

    def validate_email(self, value: str) -> str:
        return value.lower()


class Password(serializers.Serializer[Any]):
    password = serializers.CharField(trim_whitespace=False, max_length=128)


class NewPassword(serializers.Serializer[Any]):
    """What else a password may not be, the services say."""

    password = serializers.CharField(trim_whitespace=False, min_length=8, max_length=128)


class Cookie(serializers.Serializer[Any]):
    cookie = serializers.BooleanField(
        default=False, help_text="Keep the refresh token in an HttpOnly cookie instead of the body."
    )


class RoleOf(Email):
    role = serializers.ChoiceField(
        choices=User.Role.choices,
        error_messages={"invalid_choice": "Choose user, support, manager or admin."},
    )


class Credentials(Email, Password, Cookie): ...


class NewAccount(Email, NewPassword): ...


class NewCredentials(NewAccount, Cookie): ...


class PasswordChange(NewPassword, Cookie):
    current = serializers.CharField(trim_whitespace=False, max_length=128)


class PasswordReset(NewPassword):
    token = serializers.CharField(max_length=100)


class MailedToken(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=100)


class EmailChangeRequest(Email, Password): ...


class RefreshToken(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(
        max_length=200, required=False, help_text="Not needed where it is kept in the cookie."
    )


class TokensAnswer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField(default="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends")
    refresh_token = serializers.CharField(required=False, help_text="Not with `cookie`")


class UserAnswer(serializers.Serializer[Any]):
    """The schema of a user as `User.as_dict` writes it."""

    id = serializers.CharField(help_text="ObjectId")
    email = serializers.EmailField()
    email_verified = serializers.BooleanField()
    role = serializers.ChoiceField(choices=["user", "admin"])
    groups = serializers.ListField(
        child=serializers.ChoiceField(choices=["support", "manager", "admin"]), help_text="Of staff: its role"
    )
    created_at = serializers.DateTimeField()


class SessionAnswer(serializers.Serializer[Any]):
    """The schema of a session as `SignedIn.as_dict` writes it."""

    id = serializers.CharField(help_text="ObjectId")
    kind = serializers.ChoiceField(choices=["api", "web"])
    ip = serializers.CharField()
    agent = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    current = serializers.BooleanField()


class SentAnswer(serializers.Serializer[Any]):
    message = serializers.CharField()


class EmailChangeAnswer(serializers.Serializer[Any]):
    changed = serializers.BooleanField(help_text="False while the other address has not confirmed")
