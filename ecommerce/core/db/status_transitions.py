"""Status changes as one conditional update, which exactly one of several concurrent callers makes."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

Transitions = Mapping[str, frozenset[str]]


def transition(
    rows: "QuerySet[Any]", to: str, table: Transitions, field: str = "status", /, **fields: Any
) -> bool:
    """Change the status of the row, and other fields, if the table allows it; return whether it was changed.

    Joins a transaction. The fields are keywords, so the arguments before them are positional only.
    """
    sources = [source for source, targets in table.items() if to in targets]
    return rows.filter(**{f"{field}__in": sources}).update(**{field: to}, **fields) == 1
