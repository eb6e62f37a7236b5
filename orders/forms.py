import secrets
from decimal import Decimal
from typing import Any

from django import forms

from cart.pricing import PricedCart


class CheckoutForm(forms.Form):
    """The hidden facts of one click: a key that makes it one order, and the total that was seen."""

    key = forms.RegexField(r"^[\x21-\x7e]{8,200}$", widget=forms.HiddenInput)
    seen_total = forms.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), widget=forms.HiddenInput
    )

    @classmethod
    def fresh(cls, cart: PricedCart) -> "CheckoutForm":
        initial: dict[str, Any] = {"key": secrets.token_urlsafe(16), "seen_total": cart.total}
        return cls(initial=initial)
