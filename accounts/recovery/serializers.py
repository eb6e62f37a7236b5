"""Serializers of passwords, mailed tokens and changes of an e-mail."""

from typing import Any

from rest_framework import serializers

from accounts.sign_in.serializers import Cookie, NewEmail, NewPassword, Password


class PasswordChange(NewPassword, Cookie):
    current = serializers.CharField(trim_whitespace=False, max_length=128)


class PasswordReset(NewPassword):
    token = serializers.CharField(max_length=100)


class MailedToken(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=100)


class EmailChangeRequest(NewEmail, Password): ...


class SentAnswer(serializers.Serializer[Any]):
    message = serializers.CharField()


class EmailChangeAnswer(serializers.Serializer[Any]):
    changed = serializers.BooleanField(help_text="False until the other address has confirmed, too")
