"""Money: Decimals with two places, rounded here and nowhere else."""

from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import format_currency, get_currency_symbol
from django.conf import settings
from django.utils.translation import get_language, to_locale

CENT = Decimal("0.01")
MAX_PRICE = Decimal("9999999.99")


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_total(unit_price: Decimal, qty: int) -> Decimal:
    return rounded(unit_price * qty)


def as_json(amount: Decimal) -> float:
    """Return the amount as a JSON number. A float prints two places of amounts of this size exactly."""
    return float(amount)


def currency_symbol() -> str:
    """Return the sign of the shop's currency, or its code if the active language has no sign for it."""
    return get_currency_symbol(settings.CURRENCY.upper(), _locale())


def as_text(amount: Decimal) -> str:
    """Return the amount as the active language writes it: `$2,499.99`, in German `2.499,99 $`."""
    return _as_text(amount, settings.CURRENCY.upper(), _locale())


@lru_cache(10_000)
def _as_text(amount: Decimal, code: str, locale: Locale) -> str:
    pattern = locale.currency_formats["standard"].pattern
    if get_currency_symbol(code, locale)[-1].isalpha():  # Babel leaves out the space of `CHF 12.00`
        pattern = pattern.replace("¤#", "¤\N{NO-BREAK SPACE}#")
    return format_currency(rounded(amount), code, pattern, locale, currency_digits=False)


def _locale() -> Locale:
    return _locale_of(get_language() or settings.LANGUAGE_CODE)


@cache
def _locale_of(language: str) -> Locale:
    return Locale.parse(to_locale(language))
