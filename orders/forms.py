import re
import secrets
from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.addresses.forms import AddressForm
from accounts.models import ADDRESS_FIELDS, Address
from cart.quotes import Quote
from ecommerce.core.web.forms import NewEmailField
from orders.order_contact import Contact

KEY = r"[\x21-\x7e]{8,200}"


class CheckoutForm(AddressForm):
    """The contact and the address; hidden fields hold the idempotency key and the total that was seen."""

    key = forms.RegexField(rf"\A{KEY}\Z", widget=forms.HiddenInput)
    seen_total = forms.DecimalField(max_digits=14, decimal_places=2, min_value=0, widget=forms.HiddenInput)
    email = NewEmailField(
        label=_("E-mail"),
        help_text=_("For the receipt and news of your delivery."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    keep = forms.BooleanField(label=_("Keep this address in my account"), required=False)
    field_order = ["key", "seen_total", "email"]

    @classmethod
    def fresh(cls, quote: Quote, known: dict[str, str]) -> "CheckoutForm":
        """Return a form that is filled in with what is known about the customer, and has a new key."""
        hidden = {"key": secrets.token_urlsafe(16), "seen_total": quote.total}
        return cls(initial={"keep": True, **known, **hidden})

    @classmethod
    def again(cls, posted: QueryDict, quote: Quote) -> "CheckoutForm":
        """Return the posted form with its errors and the current total; nothing that was typed is lost."""
        data = posted.copy()
        data["seen_total"] = str(quote.total)
        if not re.fullmatch(KEY, data.get("key", "")):
            data["key"] = secrets.token_urlsafe(16)
        return cls(data)

    @property
    def contact(self) -> Contact:
        address = {name: self.cleaned_data[name] for name in ADDRESS_FIELDS}
        return Contact(email=self.cleaned_data["email"], shipping_address=Address(**address))

    @property
    def typed(self) -> dict[str, str]:
        """Return what a customer who comes back should not have to type again."""
        posted = {name: cast(str, self.data.get(name, "")) for name in ("email", *ADDRESS_FIELDS)}
        return {name: value[:254] for name, value in posted.items() if value}
