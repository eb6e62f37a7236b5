"""The filters of a list of products."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from ecommerce.core.text.money import MAX_PRICE, currency_symbol

MAX_QUERY = 200
SORT_LABELS = {
    "": _("Featured"),
    "newest": _("Newest"),
    "price": _("Price, low to high"),
    "-price": _("Price, high to low"),
    "name": _("Name"),
}


def _price_label(text: str) -> str:
    return f"{text} {currency_symbol().strip()}"


class PriceField(forms.DecimalField):
    def __init__(self, *, label: Any) -> None:
        super().__init__(
            label=lazy(_price_label, str)(label),
            required=False,
            min_value=Decimal(0),
            max_value=MAX_PRICE,
            decimal_places=2,
            localize=True,  # 49,90 in German; 49.90 everywhere, as our own links have it
            # Not type=number, whose spinner and mouse wheel change a price by accident.
            widget=forms.TextInput(
                attrs={"inputmode": "decimal", "autocomplete": "off", "data-autosubmit": True}
            ),
            error_messages={"invalid": _("Enter a price, such as 49.90.")},
        )


class QueryField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return str(super().to_python(value))[:MAX_QUERY]


class FilterForm(forms.Form):
    """What is wrong is left out and said beside its field; the rest counts."""

    q = QueryField(required=False)
    category = forms.CharField(required=False)
    min_price = PriceField(label=_("From"))
    max_price = PriceField(label=_("To"))
    in_stock = forms.BooleanField(required=False, widget=forms.HiddenInput)
    sort = forms.CharField(required=False)

    def __init__(self, data: dict[str, Any], *, categories: list[dict[str, Any]]) -> None:
        super().__init__(data)
        self.by_slug = {category["slug"]: category for category in categories}
        self.is_valid()

    def clean_category(self) -> str:
        slug = str(self.cleaned_data["category"])
        if slug and slug not in self.by_slug:
            raise forms.ValidationError(_("There is no such category; you see all of them."))
        return slug

    def clean_sort(self) -> str:
        """An unknown order is the usual one."""
        asked = str(self.cleaned_data["sort"])
        return asked if asked in SORT_LABELS else ""

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        low, high = data.get("min_price"), data.get("max_price")
        if low is not None and high is not None and low > high:
            del data["min_price"]
            self.add_error("max_price", _("This is below the lowest price, so neither counts."))
        return data

    @property
    def filters(self) -> dict[str, Any]:
        """Each valid filter that was given."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None, False)}

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """The choices of an order: with a query the usual one is by relevance."""
        usual = _("Relevance") if self.cleaned_data.get("q") else SORT_LABELS[""]
        return [(value, str(label if value else usual)) for value, label in SORT_LABELS.items()]
