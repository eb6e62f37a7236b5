from typing import Any

from rest_framework import serializers

from accounts.models import User


class Email(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)

    def validate_email(self, value: str) -> str:
        return value.lower()


class Credentials(Email):
    password = serializers.CharField(trim_whitespace=False, max_length=128)


class NewCredentials(Email):
    password = serializers.CharField(trim_whitespace=False, min_length=8, max_length=128)


class AccessTokenAnswer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField(default="bearer")


class UserAnswer(serializers.Serializer[Any]):
    """The schema of a user as `User.as_dict` writes it."""

    id = serializers.CharField(help_text="ObjectId")
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=User.Role.choices)
    created_at = serializers.DateTimeField()
