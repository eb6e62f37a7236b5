"""Forms of an account's name and addresses."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.form_fields import text_field


class ProfileForm(forms.Form):
    name = text_field(_("Full name"), "name", 100, required=False)


class AddressForm(forms.Form):
    """The fields of an `Address`, by their names."""

    name = text_field(_("Full name"), "name", 100)
    line1 = text_field(_("Street and number"), "address-line1", 200)
    line2 = text_field(_("Flat, floor, company"), "address-line2", 200, required=False)
    postcode = text_field(_("Postcode"), "postal-code", 20)
    city = text_field(_("City"), "address-level2", 100)
    region = text_field(_("State or region"), "address-level1", 100, required=False)
    country = forms.ChoiceField(
        label=_("Country"),
        choices=lambda: [("", _("Choose a country")), *countries],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    phone = text_field(
        _("Phone"), "tel", 40, required=False, help_text=_("Only if the carrier has to reach you.")
    )
