"""Use cases of service keys: make one, revoke it, and find the one that a request shows.

A key is `prefix.secret`. The prefix finds its row; of the secret (256 random bits) the SHA-256 is stored.
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
    """The key and its text, which nobody can find out again."""
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
    """The next request with it is refused. Repeated, nothing changes. Raises NotFound."""
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
    """The key of this text, unless it is wrong, revoked or expired."""
    match = KEY_PATTERN.fullmatch(text)
    if match is None:
        return None
    key = ServiceKey.objects.filter(prefix=match[1]).first()
    right = hmac.compare_digest(key.secret_hash if key else "", _digest(match[2]))
    return key if key and right and key.is_valid() else None


def record_use(key: ServiceKey) -> None:
    """Once a minute is often enough to see whether a key is still needed."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - RECORD_USE_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - RECORD_USE_EVERY)
        ServiceKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
