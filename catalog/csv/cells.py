"""What single cells say. Each raises Unreadable with a reason for people."""

import re
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from catalog.images.addresses import validate_image
from catalog.models import MAX_INVENTORY, Product
from ecommerce.core.text.money import MAX_PRICE, rounded

MAX_DESCRIPTION = 20_000
TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


class Unreadable(Exception):
    """The line is rejected for this reason."""


def one_line(text: str) -> str:
    """Names are one line, whatever the file breaks in two."""
    return " ".join(text.split())


def price(text: str, what: str = "price") -> Decimal:
    if not text:
        raise Unreadable(f"there is no {what}")
    if text.startswith("-"):
        raise Unreadable(f"the {what} {_quoted(text)} is negative")
    if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text):
        raise Unreadable(f"the {what} {_quoted(text)} is not a number such as 12.50")
    amount = Decimal(text)
    if amount > MAX_PRICE or amount != (cents := rounded(amount)):
        raise Unreadable(f"the {what} {text} is above {MAX_PRICE} or has more than two decimals")
    return cents


def earlier_price(text: str) -> Decimal | None:
    """The price before a reduction; nothing or 0 is none."""
    return price(text, "compare-at price") or None if text else None


def quantity(text: str) -> int | None:
    """The stock, or None where the cell says nothing about it."""
    if not text:
        return None
    if text.startswith("-"):
        raise Unreadable(f"the quantity {_quoted(text)} is negative")
    if not re.fullmatch("[0-9]{1,20}", text):
        raise Unreadable(f"the quantity {_quoted(text)} is not a whole number")
    if int(text) > MAX_INVENTORY:
        raise Unreadable(f"the quantity {text} is above {MAX_INVENTORY}")
    return int(text)


def truth(text: str, column: str) -> bool:
    """Nothing is true: a product is visible unless the file says that it is not."""
    if text.lower() in FALSE:
        return False
    if text and text.lower() not in TRUE:
        raise Unreadable(f"{column} is {_quoted(text)}, which is neither true nor false")
    return True


def checked(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, if Product allows them."""
    absent = {field.name for field in Product._meta.fields} - fields.keys()
    try:
        Product(**fields).clean_fields(exclude=absent)
        validate_image(fields.get("image") or "")
    except ValidationError as error:
        raise Unreadable("; ".join(_complaints(error))) from None
    if len(fields.get("description") or "") > MAX_DESCRIPTION:
        raise Unreadable(f"the description has more than {MAX_DESCRIPTION} characters")
    return fields


def _complaints(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return [f"image: {text}" for text in error.messages]
    return [f"{field}: {text}" for field, texts in error.message_dict.items() for text in texts]


def _quoted(text: str) -> str:
    return f"'{text[:40]}'"
