"""Bearer tokens: how they are signed, and the user of a token on public routes of the API."""

from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import AuthenticationFailed, TokenBackendError

CLAIMS: dict[str, type] = dict.fromkeys(("sub", "role", "typ", "jti", "family"), str)
CLAIMS |= dict.fromkeys(("version", "iat", "exp"), int)
LAST_SECOND = 253_402_300_799  # of the year 9999: datetime ends there


class Keyring(TokenBackend):
    """Signs with JWT_SECRET, and also accepts tokens that a secret of JWT_SECRET_PREVIOUS has signed."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims of a token of this shop. Raises TokenBackendError for any other token."""
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
    """Return whether the claims have the names and types of ours: other programs may share the secret."""
    return (
        {name: type(value) for name, value in claims.items()} == CLAIMS
        and claims["sub"].isascii()
        and claims["exp"] <= LAST_SECOND
    )


class AccessToken(tokens.AccessToken):
    def get_token_backend(self) -> Keyring:
        return Keyring(settings.JWT_ALG)


class BearerClaims(JWTStatelessUserAuthentication):
    """Authenticates by a valid token alone, without a query. An invalid token counts as none."""

    def authenticate(self, request: Any) -> Any:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None


def claimed_user(request: Any) -> str:
    """Return the user id in a valid token, or an empty text, without a query."""
    result = BearerClaims().authenticate(request)
    return str(result[0].pk) if result else ""


def jwt_secrets() -> list[str]:
    """Return the secret that signs, followed by those that are only accepted."""
    return [settings.JWT_SECRET, *settings.JWT_SECRET_PREVIOUS]
