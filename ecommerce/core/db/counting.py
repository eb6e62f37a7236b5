"""Counting without reading everything."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import number_format

from ecommerce.core.db.transactions import collection, connection

MOST = 10_000  # the highest number that is told exactly, since counting costs more the more rows there are


def count_text(number: int) -> str:
    """Return the number with separators, and for MOST + 1 the text that there are more."""
    text = number_format(min(number, MOST), force_grouping=True)
    return f"{text}+" if number > MOST else text


def count_up_to_most(rows: QuerySet[Any]) -> int:
    """Return the number of rows, or MOST + 1 if there are more. The conditions should have an index."""
    if not rows.query.where:
        stored = connection.get_collection(rows.model._meta.db_table)
        return min(int(stored.estimated_document_count()), MOST + 1)  # takes no session
    return rows.order_by()[: MOST + 1].count()


def aggregate(rows: QuerySet[Any], stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what these stages make of the rows, whose order and limit are ignored.

    For what the ORM cannot say, such as groups of a limited number of rows.
    """
    compiler: Any = rows.order_by().query.get_compiler(connection.alias)
    compiler.pre_sql_setup()
    selected = {"$match": compiler.build_query().match_mql}
    return list(collection(rows.model).aggregate([selected, *stages]))
