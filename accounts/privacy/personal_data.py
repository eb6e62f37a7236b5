"""What the shop holds about a person. Apps above register what they hold, since accounts may not know them.

A module that the app's `ready` imports calls `hold(name, export=…, erase=…)`. `erase` runs in one transaction
with the erasure of the account.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User


@dataclass(frozen=True)
class Holder:
    export: Callable[[User], Any]  # ready for JSON
    erase: Callable[[User], None]  # may run several times


holders: dict[str, Holder] = {}


def hold(name: str, *, export: Callable[[User], Any], erase: Callable[[User], None]) -> None:
    holders[name] = Holder(export, erase)
