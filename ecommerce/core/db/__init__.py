"""MongoDB beyond the ORM. Apps import from here: `from ecommerce.core.db import run_tx`."""

from ecommerce.core.db.counting import MOST, count_text, count_up_to_most
from ecommerce.core.db.transactions import (
    as_columns,
    as_document,
    collection,
    connection,
    object_id,
    on_commit,
    run_tx,
)

__all__ = [
    "MOST",
    "as_columns",
    "as_document",
    "collection",
    "connection",
    "count_text",
    "count_up_to_most",
    "object_id",
    "on_commit",
    "run_tx",
]
