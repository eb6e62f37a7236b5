"""Serializers of tokens and sessions."""

from typing import Any

from rest_framework import serializers


class RefreshToken(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(
        max_length=200, required=False, help_text="Not needed if it is in the cookie."
    )


class TokensAnswer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField(default="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires")
    refresh_token = serializers.CharField(required=False, help_text="Not with `cookie`")


class SessionAnswer(serializers.Serializer[Any]):
    """The schema of `ActiveSession.as_dict`."""

    id = serializers.CharField(help_text="ObjectId")
    kind = serializers.ChoiceField(choices=["api", "web"])
    ip = serializers.CharField()
    agent = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    current = serializers.BooleanField()
