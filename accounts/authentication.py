"""Authentication of API requests by bearer token."""

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
    """Finds the user of a bearer token, once per request, in the database, so that the role is current."""

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except TokenRefused:  # the same answer for every bad token, whatever is wrong with it
            raise AuthenticationFailed("The token is invalid or has expired.", "token_not_valid") from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def get_user(self, validated_token: Token) -> Any:
        """Return the user, who knows whether the token is still valid. Raises TokenRefused."""
        claims = {name: validated_token.get(name) for name in ("version", "family")}
        user = User.objects.filter(pk=object_id(validated_token.get("sub"))).first()
        if user is None or not user.accepts(**claims):
            raise TokenRefused
        return user


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The declaration of BearerAuthentication in the API's schema."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
