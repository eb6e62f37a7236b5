"""Forms of the sign-in and sign-up pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.form_fields import new_password_field, password_field
from ecommerce.core.web.forms import EmailField, NewEmailField


class EmailForm(forms.Form):
    email = EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )


class SignInForm(EmailForm):
    password = password_field(_("Password"), "current-password")


class SignUpForm(EmailForm):
    email = NewEmailField(label=_("E-mail"), max_length=254, widget=EmailForm.base_fields["email"].widget)
    password = new_password_field(_("Password"))
