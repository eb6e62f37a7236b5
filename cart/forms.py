from django import forms

STEPS = {"less": -1, "more": 1}


class QuantityForm(forms.Form):
    """A quantity as it was typed, and the minus or plus button if one was pressed."""

    qty = forms.IntegerField(min_value=0, max_value=1_000_000, required=False)
    op = forms.CharField(required=False)

    @property
    def quantity(self) -> int | None:
        """Return the wanted quantity, or None if no usable number was sent. The service limits it."""
        if not self.is_valid() or self.cleaned_data["qty"] is None:
            return None
        step = STEPS.get(self.cleaned_data["op"], 0)
        return max(0, int(self.cleaned_data["qty"]) + step)
