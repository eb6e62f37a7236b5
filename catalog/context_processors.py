"""What every page has: the shop's name and address, and the categories of the strip."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.categories import list_categories


def shop(request: HttpRequest) -> dict[str, Any]:
    """The categories are read where a template names them: the admin's pages do not."""
    return {
        "shop_name": settings.SHOP_NAME,
        "site_url": settings.PUBLIC_URL,
        "categories": SimpleLazyObject(list_categories),
    }
