from django import forms

from cart.models import MAX_QTY

STEPS = {"less": -1, "more": 1}


class QuantityForm(forms.Form):
    """A wanted quantity, one where no number is given, moved by the minus and plus buttons."""

    qty = forms.IntegerField(min_value=0, max_value=1_000_000, required=False)
    op = forms.CharField(required=False)

    @property
    def wanted(self) -> int:
        """Up to one over the limit, so that the customer can be told of it."""
        if not self.is_valid():
            return 1
        qty, step = self.cleaned_data["qty"], STEPS.get(self.cleaned_data["op"], 0)
        return max(0, min((1 if qty is None else qty) + step, MAX_QTY + 1))
