from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from ecommerce.core.web.forms import EmailField


def _text(label: Any, autocomplete: str, most: int, **more: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=most, widget=widget, **more)


def _password(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=128, strip=False, widget=widget, **options)


def _new_password(label: Any) -> forms.CharField:
    return _password(
        label,
        "new-password",
        help_text=_("8 characters or more."),
        min_length=8,
        error_messages={"min_length": _("Use 8 characters or more.")},
    )


class EmailForm(forms.Form):
    email = EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )


class SignInForm(EmailForm):
    password = _password(_("Password"), "current-password")


class SignUpForm(EmailForm):
    password = _new_password(_("Password"))


class TokenForm(forms.Form):
    """The link of a mail leads to a button: what only looks at links uses none up."""

    token = forms.CharField(max_length=100, widget=forms.HiddenInput)


class ResetForm(TokenForm):
    password = _new_password(_("New password"))


class ChangePasswordForm(forms.Form):
    current = _password(_("Your password now"), "current-password")
    password = _new_password(_("New password"))


class ChangeEmailForm(forms.Form):
    email = EmailField(
        label=_("New e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = _password(_("Your password"), "current-password")


class ProfileForm(forms.Form):
    name = _text(_("Full name"), "name", 100, required=False)


class AddressForm(forms.Form):
    """The fields of an `Address`, by their names."""

    name = _text(_("Full name"), "name", 100)
    line1 = _text(_("Street and number"), "address-line1", 200)
    line2 = _text(_("Flat, floor, company"), "address-line2", 200, required=False)
    postcode = _text(_("Postcode"), "postal-code", 20)
    city = _text(_("City"), "address-level2", 100)
    region = _text(_("State or region"), "address-level1", 100, required=False)
    country = forms.ChoiceField(
        label=_("Country"),
        choices=lambda: [("", _("Choose a country")), *countries],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    phone = _text(_("Phone"), "tel", 40, required=False, help_text=_("Only if the carrier has to reach you."))


class DeleteForm(forms.Form):
    password = _password(_("Your password"), "current-password")
