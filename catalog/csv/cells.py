"""Reading single cells. Every function raises Unreadable with a reason for the report."""

import re
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from catalog import product_fields
from catalog.images.image_urls import validate_image
from catalog.models import MAX_INVENTORY, Product
from catalog.product_fields import Kind
from ecommerce.core.text.money import MAX_PRICE, rounded

TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


class Unreadable(Exception):
    """The reason why a line is rejected."""


def one_line(text: str) -> str:
    """Return the text as one line with single spaces."""
    return " ".join(text.split())


def price(text: str, label: str = "price") -> Decimal:
    if not text:
        raise Unreadable(f"there is no {label}")
    if text.startswith("-"):
        raise Unreadable(f"the {label} {_quoted(text)} is negative")
    if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text):
        raise Unreadable(f"the {label} {_quoted(text)} is not a number such as 12.50")
    amount = Decimal(text)
    if amount > MAX_PRICE or amount != (cents := rounded(amount)):
        raise Unreadable(f"the {label} {text} is above {MAX_PRICE} or has more than two decimals")
    return cents


def optional_price(text: str, label: str) -> Decimal | None:
    """Return the price, or None if the cell is empty or 0."""
    return price(text, label) or None if text else None


def quantity(text: str) -> int | None:
    """Return the stock, or None if the cell is empty."""
    if not text:
        return None
    if text.startswith("-"):
        raise Unreadable(f"the quantity {_quoted(text)} is negative")
    if not re.fullmatch("[0-9]{1,20}", text):
        raise Unreadable(f"the quantity {_quoted(text)} is not a whole number")
    if int(text) > MAX_INVENTORY:
        raise Unreadable(f"the quantity {text} is above {MAX_INVENTORY}")
    return int(text)


def whole_number(text: str, label: str, *, lowest: int | None, highest: int | None) -> int | None:
    """Return a number within the limits, or None if the cell is empty."""
    if not text:
        return None
    number = int(text) if re.fullmatch("-?[0-9]{1,10}", text) else None
    too_low = number is not None and lowest is not None and number < lowest
    too_high = number is not None and highest is not None and number > highest
    if number is None or too_low or too_high:
        raise Unreadable(f"the {label} {_quoted(text)} is not a whole number from {lowest} to {highest}")
    return number


def truth(text: str, label: str) -> bool:
    """Return False if the cell says so; an empty one is true, so that products are visible by default."""
    if text.lower() in FALSE:
        return False
    if text and text.lower() not in TRUE:
        raise Unreadable(f"{label} is {_quoted(text)}, which is neither true nor false")
    return True


def checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields if a product may have them."""
    absent = {field.name for field in Product._meta.fields} - fields.keys()
    try:
        Product(**fields).clean_fields(exclude=absent)
        validate_image(fields.get("image") or "")
    except ValidationError as error:
        raise Unreadable("; ".join(_messages(error))) from None
    for field in product_fields.PRODUCT_FIELDS:
        if field.kind is Kind.TEXT:
            _check_length(fields.get(field.name) or "", field.name, field.model_field.max_length)
    return fields


def _check_length(text: str, label: str, max_length: int | None) -> None:
    """Raise Unreadable for a longer text, which Django only checks in forms."""
    if max_length is not None and len(text) > max_length:
        raise Unreadable(f"the {label} has more than {max_length} characters")


def _messages(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return [f"image: {text}" for text in error.messages]
    return [f"{field}: {text}" for field, texts in error.message_dict.items() for text in texts]


def _quoted(text: str) -> str:
    return f"'{text[:40]}'"
