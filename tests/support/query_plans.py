"""How MongoDB finds the rows of a queryset."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecommerce.core.db import collection, connection


@dataclass(frozen=True)
class Plan:
    """An index and the number of documents that MongoDB looked at and returned."""

    index: str | None  # None where the whole collection is scanned
    examined: int
    returned: int


def plan_of(rows: Any) -> Plan:
    """Explain the query of a queryset.

    The embedded MongoDB reports the matching documents in place of the examined ones, so the documents that
    the index leads to are counted separately.
    """
    compiler = rows.query.get_compiler(using="default")
    compiler.pre_sql_setup()
    query = next(stage["$match"] for stage in compiler.build_query().get_pipeline() if "$match" in stage)
    explained = connection.database.command("explain", {"find": rows.model._meta.db_table, "filter": query})
    stats = explained["executionStats"]
    index = next(values(explained["queryPlanner"]["winningPlan"], "indexName"), None)
    by_index = collection(rows.model).count_documents(next(array_conditions(query), query)) if index else 0
    return Plan(index, max(stats["totalDocsExamined"], by_index), stats["nReturned"])


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


def array_conditions(query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the conditions on the array of search terms."""
    return ({"search_terms": condition} for condition in values(query, "search_terms"))
