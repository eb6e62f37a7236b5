"""The form that deletes an account."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.form_fields import password_field


class DeleteForm(forms.Form):
    password = password_field(_("Your password"), "current-password")
