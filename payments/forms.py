import secrets
from decimal import Decimal

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget


class RefundForm(forms.Form):
    """The form of a refund. Its hidden key makes a double click or a reload refund only once."""

    amount = forms.DecimalField(
        max_digits=14,
        decimal_places=2,
        min_value=Decimal("0.01"),
        required=False,
        help_text="Leave empty to refund everything that is left.",
        widget=UnfoldAdminTextInputWidget,
    )
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget)
    restock = forms.BooleanField(
        required=False,
        help_text="Put the order's items back into stock. Only possible with everything that is left.",
        widget=UnfoldBooleanWidget,
    )
    key = forms.RegexField(
        r"^[\x21-\x7e]{8,200}$", widget=forms.HiddenInput, initial=lambda: secrets.token_urlsafe(16)
    )
