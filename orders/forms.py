import re
import secrets
from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.addresses.forms import AddressForm
from accounts.models import ADDRESS_FIELDS, Address
from cart.pricing import PricedCart
from ecommerce.core.web.forms import EmailField
from orders.models import web_address
from orders.services import Contact

KEY = r"[\x21-\x7e]{8,200}"


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


class CheckoutForm(AddressForm):
    """Contact and address, and hidden facts of one click: a key that makes it one order, the total seen."""

    key = forms.RegexField(rf"\A{KEY}\Z", widget=forms.HiddenInput)
    seen_total = forms.DecimalField(max_digits=14, decimal_places=2, min_value=0, widget=forms.HiddenInput)
    email = EmailField(
        label=_("E-mail"),
        help_text=_("For the receipt and news of your delivery."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    keep = forms.BooleanField(label=_("Keep this address in my account"), required=False)
    field_order = ["key", "seen_total", "email"]

    @classmethod
    def fresh(cls, cart: PricedCart, known: dict[str, str]) -> "CheckoutForm":
        """`known` is what was typed before, or in an earlier order."""
        hidden = {"key": secrets.token_urlsafe(16), "seen_total": cart.total}
        return cls(initial={"keep": True, **known, **hidden})

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
