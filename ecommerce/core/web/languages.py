"""The language of a page, which its address determines: `/de/cart/`; the default language has no prefix."""

from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

# The language of mails that a request causes: the page's own, or the one that an API client accepts.
caller_language: ContextVar[str | None] = ContextVar("caller_language", default=None)


def of_path(path: str) -> str:
    return translation.get_language_from_path(path) or settings.LANGUAGE_CODE


def accepted_by(request: HttpRequest) -> str:
    """Return the best language for the request's Accept-Language."""
    return translation.get_language_from_request(request)


def of_caller() -> str:
    return caller_language.get() or settings.LANGUAGE_CODE


def without_language(path: str) -> str:
    """Return the path without the prefix of a language: `/cart/` for `/de/cart/`."""
    for code in _prefixes():
        if path.startswith(f"/{code}/"):
            return path.removeprefix(f"/{code}")
    return path


def in_language(path: str, code: str) -> str:
    """Return the path of the same page in another language.

    Not by Django's `translate_url`, which does not change unknown pages and paths with encoded characters.
    """
    plain = without_language(path)
    return f"/{code}{plain}" if code in _prefixes() else plain


def _prefixes() -> list[str]:
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
