"""Bearer tokens of the API: whose request it is."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed as TokenRefused
from rest_framework_simplejwt.tokens import Token

from accounts.models import User
from ecommerce.core.db import object_id


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
