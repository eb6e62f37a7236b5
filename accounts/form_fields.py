"""Form fields that several features share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def text_field(label: Any, autocomplete: str, max_length: int, **options: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=max_length, widget=widget, **options)


def password_field(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=128, strip=False, widget=widget, **options)


def new_password_field(label: Any) -> forms.CharField:
    return password_field(
        label,
        "new-password",
        help_text=_("8 characters or more."),
        min_length=8,
        error_messages={"min_length": _("Use 8 characters or more.")},
    )
