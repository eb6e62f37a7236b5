"""Money is a Decimal with two places, rounded here and nowhere else."""

from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings

CENT = Decimal("0.01")
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£"}
MAX_PRICE = Decimal("9999999.99")


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def line_total(unit_price: Decimal, qty: int) -> Decimal:
    return rounded(unit_price * qty)


def as_json(amount: Decimal) -> float:
    """A JSON number: the float of a two-place Decimal of this size prints exactly."""
    return float(amount)


def currency_symbol() -> str:
    """`$`; a currency without a sign here has its code, as in `CHF 12.00`."""
    return SYMBOLS.get(settings.CURRENCY, f"{settings.CURRENCY.upper()} ")


def as_text(amount: Decimal) -> str:
    """`$2,499.99`, in the shop's currency."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{currency_symbol()}{abs(rounded(amount)):,}"
