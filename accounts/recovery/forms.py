"""Forms of the pages around an account's e-mail and password."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.form_fields import new_password_field, password_field
from ecommerce.core.web.forms import NewEmailField


class TokenForm(forms.Form):
    """A mailed link leads to a button, so that programs that open links do not use it up."""

    token = forms.CharField(max_length=100, widget=forms.HiddenInput)


class ResetForm(TokenForm):
    password = new_password_field(_("New password"))


class ChangePasswordForm(forms.Form):
    current = password_field(_("Current password"), "current-password")
    password = new_password_field(_("New password"))


class ChangeEmailForm(forms.Form):
    email = NewEmailField(
        label=_("New e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = password_field(_("Your password"), "current-password")
