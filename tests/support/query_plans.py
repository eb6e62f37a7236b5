"""How MongoDB finds what a queryset asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecommerce.core.db import collection, connection


@dataclass(frozen=True)
class Plan:
    index: str | None  # None where the whole collection is scanned
    examined: int
    returned: int


def plan_of(rows: Any) -> Plan:
    """The embedded MongoDB reports the documents that match in place of those that it examined, so those
    that the index leads to are counted apart."""
    compiler = rows.query.get_compiler(using="default")
    compiler.pre_sql_setup()
    query = next(stage["$match"] for stage in compiler.build_query().get_pipeline() if "$match" in stage)
    found = connection.database.command("explain", {"find": rows.model._meta.db_table, "filter": query})
    stats = found["executionStats"]
    index = next(values(found["queryPlanner"]["winningPlan"], "indexName"), None)
    led_to = collection(rows.model).count_documents(next(array_conditions(query), query)) if index else 0
    return Plan(index, max(stats["totalDocsExamined"], led_to), stats["nReturned"])


def values(node: Any, key: str) -> Iterator[Any]:
    if isinstance(node, Mapping):
        if key in node:
            yield node[key]
        for value in node.values():
            yield from values(value, key)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from values(value, key)


def array_conditions(query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return ({"search_terms": condition} for condition in values(query, "search_terms"))
