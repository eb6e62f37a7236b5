"""Status changes as one conditional command: of several callers exactly one makes the change."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

Transitions = Mapping[str, frozenset[str]]


def transition(
    rows: "QuerySet[Any]", to: str, table: Transitions, field: str = "status", /, **fields: Any
) -> bool:
    """Move the one row of `rows` to `to` where the table allows it; True for the caller that did."""
    sources = [source for source, targets in table.items() if to in targets]
    return rows.filter(**{f"{field}__in": sources}).update(**{field: to}, **fields) == 1
