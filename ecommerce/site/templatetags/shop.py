"""Filters and tags for all pages. Templates need not load them (settings.TEMPLATES)."""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from catalog import stock
from catalog.images import image_urls as images
from catalog.models import LOW_STOCK
from ecommerce.core import db
from ecommerce.core.text import money as money_lib
from ecommerce.core.web import languages
from ecommerce.core.web.http import shared_answer
from ecommerce.site.hot_path import holes

register = template.Library()
# Inside <script>, none of these characters may end the element or begin a comment.
SCRIPT_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.filter
def money(amount: Decimal | float | str | None) -> str:
    """Format an amount, such as `$2,499.99`; an empty value stays empty."""
    return "" if amount is None or amount == "" else money_lib.as_text(Decimal(str(amount)))


@register.filter
def count_text(number: int | None) -> str:
    """Format a number of rows, `10,000+` if there are more than are counted; an unknown one stays empty."""
    return "" if number is None else db.count_text(number)


@register.filter
def reason_in_words(stored: str) -> str:
    """Translate the stored reason why an order or a payment ended."""
    return stock.reason_in_words(stored)


@register.filter
def in_language(path: str, code: str) -> str:
    """Return the URL of the same page in another language."""
    return languages.in_language(path, code)


@register.simple_tag(takes_context=True)
def page_in(context: template.Context, code: str) -> str:
    """Return this page's URL in another language; a view may set `page_url` in place of the requested URL."""
    return languages.in_language(context.get("page_url") or context["request"].get_full_path(), code)


@register.simple_tag(takes_context=True)
def hole(context: template.Context, name: str, argument: object = "") -> SafeString:
    """Show what is one visitor's: the template holes/<name>.html, which may use `argument`.

    In a page that is stored for everyone only a mark is left (see ecommerce.site.hot_path).
    """
    nonce = shared_answer(context["request"]) if "request" in context else ""
    if nonce:
        return mark_safe(holes.marker(nonce, name, argument))  # noqa: S308
    engine: Any = context.template
    with context.push(argument=argument):
        return SafeString(engine.engine.get_template(f"holes/{name}.html").render(context))


class Arguments:
    """Arguments of a template as the key of a cache. They must not be changed afterwards."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self._key = _hashable(values)
        self._hash = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Arguments) and self._key == other._key


@register.simple_tag
def remembered(template_name: str, **arguments: Any) -> SafeString:
    """Include a template whose text depends on nothing but these arguments and the language.

    The text is remembered in this process, so that the card of a product is rendered once and not on every
    page that shows it.
    """
    render = _text.__wrapped__ if settings.DEV_RELOAD else _text
    return render(template_name, get_language(), Arguments(arguments))


@lru_cache(10_000)
def _text(template_name: str, language: str, arguments: Arguments) -> SafeString:
    return render_to_string(template_name, arguments.values)


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _hashable(each)) for name, each in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


@register.filter
def stock_level(inventory: int) -> str:
    """Return `in`, `low` or `out`."""
    return "out" if inventory <= 0 else "low" if inventory <= LOW_STOCK else "in"


@register.filter
def picture(url: str | None) -> str:
    """Return the URL of a picture, relative if it is this shop's own, which may have several hosts."""
    return (url or "").removeprefix(settings.PUBLIC_URL)


@register.filter
def srcset(url: str | None) -> str:
    """Return the widths of an uploaded picture for browsers to choose from; empty for any other picture."""
    upload = images.upload_at(url or "")
    if upload is None:
        return ""
    return ", ".join(f"{picture(images.upload_url(upload, width))} {width}w" for width in images.WIDTHS)


@register.simple_tag
def json_ld(data: dict[str, Any]) -> SafeString:
    """Print structured data as a data block that no product name can break out of."""
    text = json.dumps(data, ensure_ascii=False, default=str).translate(SCRIPT_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308
