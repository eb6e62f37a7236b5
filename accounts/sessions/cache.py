"""Cache entries of the visitor of a page, one per session and one per account."""

import hashlib
from collections.abc import Callable
from typing import Any

from ecommerce.core import cache
from ecommerce.core.db import on_commit

NAMESPACE = "visitors"


def read_session(key: str, fill: Callable[[], bytes]) -> bytes:
    return cache.cached(*session_entry(key), fill)


def read_account(pk: str, fill: Callable[[], bytes]) -> bytes:
    return cache.cached(*account_entry(pk), fill)


def invalidate_session(key: str) -> None:
    """Invalidate the entry once the running transaction, if any, has written or deleted the session."""
    on_commit(lambda: cache.invalidate_entry(*session_entry(key)))


def invalidate_account(pk: Any) -> None:
    """Invalidate the entry once the running transaction, if any, has changed or deleted the account."""
    on_commit(lambda: cache.invalidate_entry(*account_entry(pk)))


def session_entry(key: str) -> tuple[str, str]:
    """Return the name of the entry, with a digest: the session key is a secret and must not be in Redis."""
    return NAMESPACE, f"session:{hashlib.sha256(key.encode()).hexdigest()}"


def account_entry(pk: Any) -> tuple[str, str]:
    return NAMESPACE, f"account:{pk}"
