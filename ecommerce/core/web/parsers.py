"""The API's parser and content negotiation."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser


class JSONParser(BaseParser):
    """Parses JSON with exact decimals, so that a price of 19.999 is refused and not rounded."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode(), parse_float=_decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ParseError("The body is not valid JSON.") from None


class JSONAnyway(DefaultContentNegotiation):
    """Selects the only renderer, whatever the Accept header says."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def _decimal(text: str) -> Decimal:
    """Return the exact number, or infinity, which every field refuses, if its exponent is too large."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON
