"""What a bearer token is, and who sends a request to a public route of the API."""

from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import AuthenticationFailed, TokenBackendError


class Keyring(TokenBackend):
    """Signs with JWT_SECRET; what JWT_SECRET_PREVIOUS signed counts, too, until it expires."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        *previous, oldest = jwt_secrets()
        for secret in previous:
            try:
                return self._with(secret).decode(token, verify)
            except TokenBackendError:
                continue
        return self._with(oldest).decode(token, verify)

    def encode(self, payload: dict[str, Any]) -> str:
        return str(self._with(settings.JWT_SECRET).encode(payload))

    def _with(self, secret: str) -> TokenBackend:
        return TokenBackend(self.algorithm, secret)


class AccessToken(tokens.AccessToken):
    def get_token_backend(self) -> Keyring:
        return Keyring(settings.JWT_ALG)


class BearerClaims(JWTStatelessUserAuthentication):
    """The user id in a good token, without a query; a bad token is nobody, not a refusal."""

    def authenticate(self, request: Any) -> Any:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None


def claimed_user(request: Any) -> str:
    """The user id in a good token, or nothing; without a query."""
    found = BearerClaims().authenticate(request)
    return str(found[0].pk) if found else ""


def jwt_secrets() -> list[str]:
    """The one that signs first; the others are on their way out."""
    return [settings.JWT_SECRET, *settings.JWT_SECRET_PREVIOUS]
