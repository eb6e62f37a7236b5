"""Look-ups in arrays of texts, served by the array's index."""

from typing import Any

from django.db.models import Lookup
from django_mongodb_backend.fields import ArrayField
from django_mongodb_backend.query_utils import process_lhs

LAST = "\U0010ffff"  # sorts after whatever a text goes on with


@ArrayField.register_lookup
class Holds(Lookup):
    """A single text of the array is within the bounds, so that they are one range of its index."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_mql_path(self, compiler: Any, connection: Any) -> dict[str, Any]:
        return {process_lhs(self, compiler, connection): {"$elemMatch": self.rhs}}


def beginning_with(start: str) -> dict[str, str]:
    """The bounds of texts that begin like this."""
    return {"$gte": start, "$lt": start + LAST}
