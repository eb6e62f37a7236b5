"""Serializers of users and their roles."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.sign_in.serializers import Email


class RoleOf(Email):
    role = serializers.ChoiceField(
        choices=User.Role.choices,
        error_messages={"invalid_choice": "Choose user, support, manager or admin."},
    )


class UserAnswer(serializers.Serializer[Any]):
    """The schema of `User.as_dict`."""

    id = serializers.CharField(help_text="ObjectId")
    email = serializers.EmailField()
    email_verified = serializers.BooleanField()
    role = serializers.ChoiceField(choices=["user", "admin"])
    groups = serializers.ListField(
        child=serializers.ChoiceField(choices=["support", "manager", "admin"]),
        help_text="The role of a member of staff",
    )
    created_at = serializers.DateTimeField()
