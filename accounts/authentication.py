"""Who sends a request to the API."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed as TokenRefused
from rest_framework_simplejwt.tokens import Token

from accounts import keys
from accounts.models import ServiceKey, User
from ecommerce.lib.db import object_id


class BearerAuthentication(JWTAuthentication):
    """The user of a bearer token, read from the database once a request, with the current role."""

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except TokenRefused:  # one answer for every bad token: it tells nothing about why
            raise AuthenticationFailed("The token is invalid or has expired.", "token_not_valid") from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def get_user(self, validated_token: Token) -> Any:
        """The one query of a request: this document says all that may have changed since."""
        claims = {name: validated_token.get(name) for name in ("version", "family")}
        user = User.objects.filter(pk=object_id(validated_token.get("sub"))).first()
        if user is None or not user.accepts(**claims):
            raise TokenRefused
        return user


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's schema declares it, for every route that BearerAuthentication guards."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class ServiceKeyAuthentication(BaseAuthentication):
    """A program with a key. It stands beside the bearer on the routes that a program needs."""

    def authenticate(self, request: Request) -> tuple[ServiceKey, None] | None:
        if shown_key(request) is None:
            return None
        key = service_key(request._request)
        if key is None:
            raise AuthenticationFailed("The key is invalid, revoked or expired.", "key_not_valid")
        keys.note_use(key)
        return key, None


class ServiceKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ServiceKeyAuthentication
    name = "serviceKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "`Api-Key prefix.secret`, for programs; made in the admin. Its scopes say what it may do."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": about}


def shown_key(request: HttpRequest | Request) -> str | None:
    """The key in the request's header, good or not."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "api-key" else None


def service_key(request: HttpRequest) -> ServiceKey | None:
    """The good key that the request shows, looked up once a request."""
    if not hasattr(request, "service_key"):
        request.service_key = keys.find_key(shown_key(request) or "")  # type: ignore[attr-defined]
    return request.service_key  # type: ignore[attr-defined]
