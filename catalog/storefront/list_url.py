"""The URL of a product list."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse


def list_url(filters: Mapping[str, Any], *, page: int = 1) -> str:
    """Return the URL of the list with these filters; a category alone is a page of its own."""
    params = {name: 1 if value is True else value for name, value in filters.items()}
    path = reverse("catalog:list")
    if set(params) == {"category"}:
        path = reverse("catalog:category", args=[params.pop("category")])
    if page > 1:
        params["page"] = page
    return f"{path}?{urlencode(params)}" if params else path
