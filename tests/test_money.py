from decimal import Decimal

import pytest
from django.template import Context, Template


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("2499.99"), "$2,499.99"),
        (Decimal("0.1"), "$0.10"),
        (Decimal("1000000"), "$1,000,000.00"),
        (Decimal("0.005"), "$0.01"),
        (19.9, "$19.90"),
        (5, "$5.00"),
        ("12.5", "$12.50"),
        (Decimal("-3"), "-$3.00"),
        (None, ""),
        ("", ""),
    ],
)
def test_the_filter_formats_an_amount(amount, text):
    assert Template("{{ amount|money }}").render(Context({"amount": amount})) == text


@pytest.mark.parametrize(
    ("currency", "text"), [("eur", "€1,234.50"), ("chf", "CHF\N{NO-BREAK SPACE}1,234.50")]
)
def test_the_sign_is_that_of_the_shops_currency(settings, currency, text):
    settings.CURRENCY = currency
    assert Template("{{ 1234.5|money }}").render(Context()) == text
