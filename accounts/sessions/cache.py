"""What the head of a page says of its visitor, until the session or the account is another."""

import hashlib
from collections.abc import Callable
from typing import Any

from ecommerce.core import cache
from ecommerce.core.db import on_commit

NAMESPACE = "visitors"


def read_session(key: str, fill: Callable[[], bytes]) -> bytes:
    return cache.cached(NAMESPACE, _of_session(key), fill)


def read_account(pk: str, fill: Callable[[], bytes]) -> bytes:
    return cache.cached(NAMESPACE, _of_account(pk), fill)


def invalidate_session(key: str) -> None:
    """The session's row was written or is gone. Joins a transaction."""
    on_commit(lambda: cache.invalidate_entry(NAMESPACE, _of_session(key)))


def invalidate_account(pk: Any) -> None:
    """Its password, role, state or version. Joins a transaction."""
    on_commit(lambda: cache.invalidate_entry(NAMESPACE, _of_account(pk)))


def _of_session(key: str) -> str:
    """The key itself opens the account, so it is not left in Redis."""
    return f"session:{hashlib.sha256(key.encode()).hexdigest()}"


def _of_account(pk: Any) -> str:
    return f"account:{pk}"
