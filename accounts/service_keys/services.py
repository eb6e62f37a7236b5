"""Use cases of service keys: create and revoke a key, and find the key of a request.

A key is `prefix.secret`. The prefix is the lookup key; of the secret (256 random bits), only the
SHA-256 is stored.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from bson import ObjectId
from django.db.models import Q
from django.utils import timezone

from accounts.models import ServiceKey, User
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.errors import NotFound
from ecommerce.core.text.times import as_json as time_as_json

KEY_PATTERN = re.compile(r"([0-9a-f]{12})\.([\w-]{43})", re.ASCII)
RECORD_USE_EVERY = timedelta(minutes=1)


def create_key(*, name: str, scopes: Sequence[str], expires_at: datetime, by: User) -> tuple[ServiceKey, str]:
    """Create a key; return it and its text, which is not stored and cannot be shown again."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ServiceKey(
        pk=ObjectId(),
        name=name,
        prefix=prefix,
        secret_hash=_digest(secret),
        scopes=sorted(scopes),
        expires_at=expires_at,
        created_by=by,
    )
    facts = {"scopes": key.scopes, "expires_at": time_as_json(expires_at)}

    def insert() -> None:
        key.save(force_insert=True)
        audit.record(actor=by, action="service_key.make", obj=key, before={}, after=facts)

    run_tx(insert)
    return key, f"{prefix}.{secret}"


def revoke_key(*, key_id: str, by: User) -> ServiceKey:
    """Revoke the key, so that the next request with it is refused, and return it; idempotent.

    Raises NotFound.
    """
    key = ServiceKey.objects.filter(pk=object_id(key_id)).first()
    if key is None:
        raise NotFound
    now = timezone.now()

    def revoke() -> None:
        if ServiceKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            after = {"revoked_at": time_as_json(now)}
            audit.record(actor=by, action="service_key.revoke", obj=key, before={}, after=after)

    run_tx(revoke)
    key.refresh_from_db()
    return key


def find_key(text: str) -> ServiceKey | None:
    """Return the key with this text, or None if the text is wrong or the key is revoked or expired."""
    match = KEY_PATTERN.fullmatch(text)
    if match is None:
        return None
    key = ServiceKey.objects.filter(prefix=match[1]).first()
    correct = hmac.compare_digest(key.secret_hash if key else "", _digest(match[2]))
    return key if key and correct and key.is_valid() else None


def record_use(key: ServiceKey) -> None:
    """Store the time of use, at most once a minute, so that unused keys can be found."""
    now = timezone.now()
    recent = now - RECORD_USE_EVERY
    if key.last_used_at is None or key.last_used_at < recent:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=recent)
        ServiceKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
