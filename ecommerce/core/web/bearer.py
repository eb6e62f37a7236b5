"""What a bearer token is, and who sends a request to a public route of the API."""

from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import AuthenticationFailed, TokenBackendError

CLAIMS: dict[str, type] = dict.fromkeys(("sub", "role", "typ", "jti", "family"), str)
CLAIMS |= dict.fromkeys(("version", "iat", "exp"), int)
LAST_SECOND = 253_402_300_799  # of the year 9999, beyond which there is no datetime


class Keyring(TokenBackend):
    """Signs with JWT_SECRET; what JWT_SECRET_PREVIOUS signed counts, too, until it expires."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The claims of a token that is of this shop's making: signed, and with its claims and no others."""
        claims = self._decode(token, verify)
        if not _are_ours(claims):
            raise TokenBackendError("Token is invalid")
        return claims

    def _decode(self, token: Any, verify: bool) -> dict[str, Any]:
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


def _are_ours(claims: dict[str, Any]) -> bool:
    """Whoever else knows the secret may sign what no service of ours expects."""
    return (
        {name: type(value) for name, value in claims.items()} == CLAIMS
        and claims["sub"].isascii()
        and claims["exp"] <= LAST_SECOND
    )


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
