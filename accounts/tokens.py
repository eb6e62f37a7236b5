"""Access tokens: HS256, 15 minutes, claims sub, role, iat, exp, jti and typ."""

from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User


def access_token(user: User) -> str:
    """A signed token. Its role is for the client's eyes; the server reads the role from the database."""
    token = AccessToken.for_user(user)
    token["role"] = user.role
    return str(token)
