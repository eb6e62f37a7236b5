"""Guests of the API, who send an order token instead of a bearer token."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from orders.access.tokens import HEADER, holder_of
from orders.models import OrderHolder


class OrderToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[OrderHolder, None] | None:
        token = request.headers.get(HEADER)
        if token is None:
            return None
        holder = holder_of(token)
        if holder is None:
            raise AuthenticationFailed("The order token is not valid.", "order_token_not_valid")
        return holder, None


class OrderTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = OrderToken
    name = "orderToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": HEADER}
