"""Who sends a request to a public route of the API."""

from typing import Any

from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed


class BearerClaims(JWTStatelessUserAuthentication):
    """The user id in a good token, without a query; a bad token is nobody, not a refusal."""

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None
