"""Guests of the API, who send a cart token instead of a bearer token."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cart import session
from cart.models import Guest


class CartToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Guest, None] | None:
        token = request.headers.get(session.HEADER)
        if token is None:
            return None
        guest = Guest.of_token(token)
        if guest is None:
            raise AuthenticationFailed("The cart token is not valid.", "cart_token_not_valid")
        return guest, None


class CartTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = CartToken
    name = "cartToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": session.HEADER}
