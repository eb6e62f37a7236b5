"""How MongoDB finds the rows of a queryset."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecommerce.core.db import connection


@dataclass(frozen=True)
class Plan:
    """An index and the number of documents that MongoDB looked at and returned."""

    index: str | None  # None where the whole collection is scanned
    examined: int
    returned: int


def plan_of(rows: Any) -> Plan:
    """Explain the query of a queryset."""
    compiler = rows.query.get_compiler(using="default")
    compiler.pre_sql_setup()
    pipeline = compiler.build_query().get_pipeline()
    explained = explain({"aggregate": rows.model._meta.db_table, "pipeline": pipeline})
    stats = next(values(explained, "executionStats"))
    index = next(values(explained, "indexName"), None)
    return Plan(index, stats["totalDocsExamined"], stats["nReturned"])


def explain(aggregation: Mapping[str, Any]) -> dict[str, Any]:
    """Run an aggregation's first stages and return the plan and what was read."""
    command = {**aggregation, "cursor": {}}
    answer: dict[str, Any] = connection.database.command("explain", command, verbosity="executionStats")
    return answer


def values(node: Any, key: str) -> Iterator[Any]:
    """Yield every value of the key, however deep in nested mappings and lists."""
    if isinstance(node, Mapping):
        if key in node:
            yield node[key]
        for value in node.values():
            yield from values(value, key)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from values(value, key)
