"""MongoDB beyond the ORM. Apps import from here: `from ecommerce.core.db import run_tx`."""

from ecommerce.core.db.transactions import (
    as_document,
    collection,
    connection,
    object_id,
    on_commit,
    run_tx,
)

__all__ = ["as_document", "collection", "connection", "object_id", "on_commit", "run_tx"]
