"""Counting without reading everything."""

from typing import Any

from django.db.models import QuerySet

from ecommerce.core.db.transactions import connection

MOST = 10_000  # beyond it nobody looks at single pages, and an exact number costs more than it tells


def count_up_to_most(rows: QuerySet[Any]) -> int:
    """Return the number of rows, or MOST + 1 if there are more. The conditions should have an index."""
    if not rows.query.where:
        stored = connection.get_collection(rows.model._meta.db_table)
        return min(int(stored.estimated_document_count()), MOST + 1)  # takes no session
    return rows.order_by()[: MOST + 1].count()
