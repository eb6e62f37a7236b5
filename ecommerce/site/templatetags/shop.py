"""Filters and tags of all pages; templates have them without loading (settings.TEMPLATES)."""

import json
from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from catalog import stock
from catalog.images import addresses as images
from catalog.models import LOW_STOCK
from ecommerce.core.text import money as money_lib
from ecommerce.core.web import languages

register = template.Library()
# JSON inside <script>: none of these may end the element or begin a comment.
SCRIPT_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.filter
def money(amount: Decimal | float | str | None) -> str:
    """`{{ product.price|money }}` is `$2,499.99`; nothing stays nothing."""
    return "" if amount is None or amount == "" else money_lib.as_text(Decimal(str(amount)))


@register.filter
def reason_in_words(stored: str) -> str:
    return stock.reason_in_words(stored)


@register.filter
def in_language(path: str, code: str) -> str:
    """The address of the same page in another language."""
    return languages.in_language(path, code)


@register.simple_tag(takes_context=True)
def page_in(context: template.Context, code: str) -> str:
    """This page's address in another language; a view gives `here` where it is not the one asked for."""
    return languages.in_language(context.get("page_url") or context["request"].get_full_path(), code)


@register.filter
def stock_level(inventory: int) -> str:
    """`in`, `low` or `out`."""
    return "out" if inventory <= 0 else "low" if inventory <= LOW_STOCK else "in"


@register.filter
def picture(url: str | None) -> str:
    """The address of a picture, without the host where it is this shop: pages may have other names."""
    return (url or "").removeprefix(settings.PUBLIC_URL)


@register.filter
def srcset(url: str | None) -> str:
    """An uploaded picture's widths for a browser to choose from; of others there is one, so nothing."""
    upload = images.upload_at(url or "")
    if upload is None:
        return ""
    return ", ".join(f"{picture(images.upload_url(upload, width))} {width}w" for width in images.WIDTHS)


@register.simple_tag
def json_ld(data: dict[str, Any]) -> SafeString:
    """Facts for search engines, as a data block that no product name can break out of."""
    text = json.dumps(data, ensure_ascii=False, default=str).translate(SCRIPT_ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308
