"""Search backends by name, imported on first use."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from catalog.search.base import Backend

BACKENDS = {"parts": "catalog.search.parts.Parts"}


def backend() -> "Backend":
    """Return the search backend that the settings name."""
    return _create(settings.SEARCH_BACKEND)


@cache
def _create(name: str) -> "Backend":
    module, _, class_name = BACKENDS[name].rpartition(".")
    created: Backend = getattr(import_module(module), class_name)()
    return created
