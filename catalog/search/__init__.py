"""Every search backend by its name, imported when it is first used."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from catalog.search.base import Backend

BACKENDS = {"parts": "catalog.search.parts.Parts"}


def backend() -> "Backend":
    return _made(settings.SEARCH_BACKEND)


@cache
def _made(name: str) -> "Backend":
    module, _, backend_class = BACKENDS[name].rpartition(".")
    made: Backend = getattr(import_module(module), backend_class)()
    return made
