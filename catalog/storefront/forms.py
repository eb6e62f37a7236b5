"""The filters of a product list."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from catalog.types import CategoryData
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
            localize=True,  # 49,90 in German, and 49.90 in every language, as our own links have it
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
    """Ignores invalid filters, with an error beside their field, and keeps the valid ones."""

    q = QueryField(required=False)
    category = forms.CharField(required=False)
    min_price = PriceField(label=_("From"))
    max_price = PriceField(label=_("To"))
    in_stock = forms.BooleanField(required=False, widget=forms.HiddenInput)
    sort = forms.CharField(required=False)

    def __init__(self, data: dict[str, Any], *, categories: Sequence[CategoryData]) -> None:
        super().__init__(data)
        self.by_slug = {category["slug"]: category for category in categories}
        self.is_valid()

    def clean_category(self) -> str:
        slug = str(self.cleaned_data["category"])
        if slug and slug not in self.by_slug:
            raise forms.ValidationError(_("There is no such category; you see all of them."))
        return slug

    def clean_sort(self) -> str:
        """Fall back to the default order for an unknown one."""
        order = str(self.cleaned_data["sort"])
        return order if order in SORT_LABELS else ""

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        low, high = data.get("min_price"), data.get("max_price")
        if low is not None and high is not None and low > high:
            del data["min_price"]
            self.add_error("max_price", _("This is below the lowest price, so neither counts."))
        return data

    @property
    def filters(self) -> dict[str, Any]:
        """The valid filters that are set."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None, False)}

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """The choices of an order; for a search the default is by relevance."""
        default = _("Relevance") if self.cleaned_data.get("q") else SORT_LABELS[""]
        return [(value, str(label if value else default)) for value, label in SORT_LABELS.items()]
