"""Registry of the personal data that the shop holds.

The apps above register their data, since accounts may not import them. Erasing runs in one transaction with
the erasure of the account.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User


@dataclass(frozen=True)
class Holder:
    """The export and the erasure of one kind of personal data."""

    export: Callable[[User], Any]  # returns data ready for JSON
    erase: Callable[[User], None]  # must be idempotent: a transaction may be retried


holders: dict[str, Holder] = {}


def register(name: str, *, export: Callable[[User], Any], erase: Callable[[User], None]) -> None:
    """Add a kind of personal data; call it from a module that the app's `ready` imports."""
    holders[name] = Holder(export, erase)
