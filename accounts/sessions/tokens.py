"""Access tokens and refresh tokens of the API.

An access token is a JWT that is valid for 15 minutes. It contains sub, role, iat, exp, jti, typ, and the
family and version by which it can be revoked. A refresh token is `family.generation.signature`. The signature
is an HMAC, so no secret is stored, and two concurrent rotations of a token derive the same successor.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from bson import ObjectId
from django.conf import settings

from accounts.models import TokenFamily, User
from ecommerce.core.web.bearer import AccessToken, jwt_secrets

REFRESH_TOKEN = re.compile(r"([0-9a-f]{24})\.([0-9]{1,9})\.([\w-]{43})", re.ASCII)


def access_token(user: User, family: TokenFamily | None = None) -> str:
    """Return a signed token; its role is information for the client, the server reads it from the database.

    The version is the family's, not the account's present one: a token created while the password changes
    must not outlive the session that requested it.
    """
    token = AccessToken.for_user(user)
    token["role"] = user.api_role
    token["family"] = str(family.pk) if family else ""
    token["version"] = family.version if family else user.token_version
    return str(token)


def refresh_token(family: ObjectId, generation: int) -> str:
    """Return the refresh token of this generation."""
    return f"{family}.{generation}.{_signature(settings.JWT_SECRET, family, generation)}"


def read_refresh_token(text: str) -> tuple[ObjectId, int] | None:
    """Return family and generation of a token that this shop has signed, whether or not it is still valid."""
    match = REFRESH_TOKEN.fullmatch(text)
    if match is None:
        return None
    family, generation = ObjectId(match[1]), int(match[2])
    signatures = [_signature(secret, family, generation) for secret in jwt_secrets()]
    if not any(hmac.compare_digest(signature, match[3]) for signature in signatures):
        return None
    return family, generation


def _signature(secret: str, family: ObjectId, generation: int) -> str:
    message = f"refresh:{family}:{generation}".encode()
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
