"""The tokens of the API.

An access token is a JWT of 15 minutes: sub, role, iat, exp, jti, typ, and the family and version by which it
is revoked. A refresh token is `family.generation.signature`; the signature is an HMAC, so that nothing stored
opens an account, and whoever rotates the same token a moment later derives the same successor.
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
    """A signed token. Its role is for the client's eyes; the server reads the role from the database.

    The version is the family's, not the account's of this moment: a token that is made while a password
    changes is not worth more than the session that asked for it.
    """
    token = AccessToken.for_user(user)
    token["role"] = user.api_role
    token["family"] = str(family.pk) if family else ""
    token["version"] = family.version if family else user.token_version
    return str(token)


def refresh_token(family: ObjectId, generation: int) -> str:
    return f"{family}.{generation}.{_signature(settings.JWT_SECRET, family, generation)}"


def read_refresh_token(text: str) -> tuple[ObjectId, int] | None:
    """Family and generation of a token that this shop made, whether it still counts or not."""
    match = REFRESH_TOKEN.fullmatch(text)
    if match is None:
        return None
    family, generation = ObjectId(match[1]), int(match[2])
    made = [_signature(secret, family, generation) for secret in jwt_secrets()]
    return (family, generation) if any(hmac.compare_digest(each, match[3]) for each in made) else None


def _signature(secret: str, family: ObjectId, generation: int) -> str:
    message = f"refresh:{family}:{generation}".encode()
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
