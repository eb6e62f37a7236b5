from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from orders.fulfilment.validators import web_address


class ShipForm(forms.Form):
    carrier = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    tracking_number = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    tracking_url = forms.CharField(
        label="Tracking address",
        max_length=2000,
        required=False,
        validators=[web_address],
        help_text="The page where the customer can track the parcel: https://…",
        widget=UnfoldAdminTextInputWidget,
    )
