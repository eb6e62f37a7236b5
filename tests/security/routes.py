"""Every route of the URLconf."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

from ecommerce.site.middleware import HEALTH_ROUTES

API = "api/v1/"
EXPRESSIONS = re.compile(r"\((?:\?P<(\w+)>)?.*?\)")  # `(?P<url>.*)` is shown as `<url>`
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_rows() -> list[str]:
    """Return a row such as `POST cart/add` for every method that a view of the API declares."""
    return [
        f"{method} {route.removeprefix(API)}"
        for route, view in routes()
        if route.startswith(API)
        for method in METHODS
        if hasattr(view.view_class, method.lower())
    ]


def page_rows() -> list[str]:
    """Return the rows of the pages, outside of the API and the admin."""
    pages = [route for route, _ in routes() if not route.startswith((API, "admin/"))]
    return _read_and_sent([*pages, *(path.lstrip("/") for path in HEALTH_ROUTES)])


def admin_rows() -> list[str]:
    """Return the rows of the admin."""
    return _read_and_sent([route for route, _ in routes() if route.startswith("admin/")])


def routes() -> Iterator[tuple[str, Any]]:
    """Yield every route and its view."""
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
    """Return a row for both methods that browsers use, since pages do not declare their methods."""
    return [f"{method} /{path}" for path in dict.fromkeys(paths) for method in ("GET", "POST")]
