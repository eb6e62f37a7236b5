"""The languages of the pages: the address alone says which, `/de/cart/`, and the usual one has no prefix."""

from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

# In which language to write to whoever sends the request: a page's own, or what a client of the API asks for.
callers: ContextVar[str | None] = ContextVar("callers_language", default=None)


def of_path(path: str) -> str:
    return translation.get_language_from_path(path) or settings.LANGUAGE_CODE


def asked_for(request: HttpRequest) -> str:
    """By Accept-Language."""
    return translation.get_language_from_request(request)


def of_caller() -> str:
    return callers.get() or settings.LANGUAGE_CODE


def without_language(path: str) -> str:
    """`/de/cart/` is `/cart/`."""
    for code in _prefixed():
        if path.startswith(f"/{code}/"):
            return path.removeprefix(f"/{code}")
    return path


def in_language(path: str, code: str) -> str:
    """The same page in another language."""
    plain = without_language(path)
    return f"/{code}{plain}" if code in _prefixed() else plain


def _prefixed() -> list[str]:
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
