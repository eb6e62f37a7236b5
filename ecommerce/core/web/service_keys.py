"""Service keys in API requests: `Authorization: Api-Key prefix.secret`.

`accounts` has the keys, and registers here how to find one.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

_find_key: Callable[[str], Any] = lambda text: None  # noqa: E731  # until `register` is called
_record_use: Callable[[Any], None] = lambda key: None  # noqa: E731


def register(*, find_key: Callable[[str], Any], record_use: Callable[[Any], None]) -> None:
    """Register how to find a key by its text, which returns None for an invalid one, and to record a use."""
    global _find_key, _record_use
    _find_key, _record_use = find_key, record_use


class ServiceKeyAuthentication(BaseAuthentication):
    """Authenticates programs by service key on the routes that name this class beside bearer tokens."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        if presented_key(request) is None:
            return None
        key = service_key(request._request)
        if key is None:
            raise AuthenticationFailed("The key is invalid, revoked or expired.", "key_not_valid")
        _record_use(key)
        return key, None


class ServiceKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ServiceKeyAuthentication
    name = "serviceKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "`Api-Key prefix.secret`, for programs; made in the admin. Its scopes say what it may do."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": about}


def presented_key(request: HttpRequest | Request) -> str | None:
    """Return the key in the request's header, valid or not."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if scheme.lower() == "api-key" else None


def service_key(request: HttpRequest) -> Any:
    """Return the valid key that the request presents, or None; looked up once a request."""
    if not hasattr(request, "service_key"):
        request.service_key = _find_key(presented_key(request) or "")  # type: ignore[attr-defined]
    return request.service_key  # type: ignore[attr-defined]
