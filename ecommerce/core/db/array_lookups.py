"""Lookups in arrays of texts that use the array's index."""

from typing import Any

from django.db.models import Lookup
from django_mongodb_backend.fields import ArrayField
from django_mongodb_backend.query_utils import process_lhs

LAST = "\U0010ffff"  # sorts after every other character


@ArrayField.register_lookup
class Holds(Lookup):
    """Match arrays of which a single text is within both bounds, so that one range of the index serves it."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_mql_path(self, compiler: Any, connection: Any) -> dict[str, Any]:
        return {process_lhs(self, compiler, connection): {"$elemMatch": self.rhs}}


def beginning_with(start: str) -> dict[str, str]:
    """Return the bounds of all texts with this prefix."""
    return {"$gte": start, "$lt": start + LAST}
