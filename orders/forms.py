import re
import secrets
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django_countries import countries
from unfold.widgets import UnfoldAdminTextInputWidget

from cart.pricing import PricedCart
from ecommerce.lib.forms import EmailField
from orders.models import ADDRESS_FIELDS, Address, web_address
from orders.services import Contact

KEY = r"[\x21-\x7e]{8,200}"


def _text(label: Any, autocomplete: str, most: int, **more: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=most, widget=widget, **more)


class ShipForm(forms.Form):
    carrier = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    tracking_number = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    tracking_url = forms.CharField(
        label="Tracking address",
        max_length=2000,
        required=False,
        validators=[web_address],
        help_text="Where the customer sees the parcel: https://…",
        widget=UnfoldAdminTextInputWidget,
    )


class CheckoutForm(forms.Form):
    """Contact and address, and hidden facts of one click: a key that makes it one order, the total seen."""

    key = forms.RegexField(rf"\A{KEY}\Z", widget=forms.HiddenInput)
    seen_total = forms.DecimalField(max_digits=14, decimal_places=2, min_value=0, widget=forms.HiddenInput)
    email = EmailField(
        label=_("E-mail"),
        help_text=_("For the receipt and news of your delivery."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
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

    @classmethod
    def fresh(cls, cart: PricedCart, known: dict[str, str]) -> "CheckoutForm":
        """`known` is what was typed before, or in an earlier order."""
        hidden = {"key": secrets.token_urlsafe(16), "seen_total": cart.total}
        return cls(initial={**known, **hidden})

    @classmethod
    def again(cls, posted: QueryDict, cart: PricedCart) -> "CheckoutForm":
        """What was sent, with its errors and the total as it is now: nothing typed is lost."""
        data = posted.copy()
        data["seen_total"] = str(cart.total)
        if not re.fullmatch(KEY, data.get("key", "")):
            data["key"] = secrets.token_urlsafe(16)
        return cls(data)

    @property
    def contact(self) -> Contact:
        address = {name: self.cleaned_data[name] for name in ADDRESS_FIELDS}
        return Contact(email=self.cleaned_data["email"], shipping_address=Address(**address))

    @property
    def typed(self) -> dict[str, str]:
        """What a customer would not like to type twice."""
        shown = ("email", *ADDRESS_FIELDS)
        return {name: value[:254] for name in shown if (value := cast(str, self.data.get(name, "")))}

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()
