"""Every route that the URLconf has, as the shop itself would find it."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

from ecommerce.site.middleware import HEALTH_ROUTES

API = "api/v1/"
EXPRESSIONS = re.compile(r"\((?:\?P<(\w+)>)?.*?\)")  # `(?P<url>.*)` is shown as `<url>`
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_rows() -> list[str]:
    """`POST cart/add`: the methods that each view declares."""
    return [
        f"{method} {route.removeprefix(API)}"
        for route, view in routes()
        if route.startswith(API)
        for method in METHODS
        if hasattr(view.view_class, method.lower())
    ]


def page_rows() -> list[str]:
    pages = [route for route, _ in routes() if not route.startswith((API, "admin/"))]
    return _read_and_sent([*pages, *(path.lstrip("/") for path in HEALTH_ROUTES)])


def admin_rows() -> list[str]:
    return _read_and_sent([route for route, _ in routes() if route.startswith("admin/")])


def office_part(row: str) -> str:
    """`admin/catalog/product`, or nothing for what belongs to no model."""
    found = re.search(r"admin/(\w+/\w+)/", row)
    return found[1] if found and found[1] != "password_change/done" else ""


def routes() -> Iterator[tuple[str, Any]]:
    for route, view in _walk(get_resolver().url_patterns):
        yield EXPRESSIONS.sub(lambda match: f"<{match[1] or 'rest'}>", route).rstrip("$"), view


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for each in patterns:
        route = prefix + str(each.pattern).lstrip("^")
        if isinstance(each, URLPattern):
            yield route, each.callback
        else:
            yield from _walk(each.url_patterns, route)


def _read_and_sent(paths: list[str]) -> list[str]:
    """Pages take what their functions take: each is tried with both methods that a browser has."""
    return [f"{method} /{path}" for path in dict.fromkeys(paths) for method in ("GET", "POST")]
