"""The interface of a search backend."""

from dataclasses import dataclass
from typing import Any, Protocol

from catalog.models import ProductQuerySet


@dataclass(frozen=True)
class Matches:
    """The products that a search finds, still to be filtered and counted, and their order, best first."""

    rows: ProductQuerySet
    order: tuple[Any, ...]
    only_close: bool = False  # there is no exact match; these differ by a typo


class Backend(Protocol):
    """A search engine; raise `version` whenever `terms` changes, so that `prepare` stores new terms."""

    version: int

    def terms(self, name: str, category: str | None) -> list[str]:
        """Return a product's `search_terms`; none if the engine keeps an index of its own."""

    def literal(self, rows: ProductQuerySet, text: str) -> ProductQuerySet:
        """Return the products whose name or category contains the text, ignoring case."""

    def fuzzy(self, rows: ProductQuerySet, text: str) -> Matches:
        """Return the products that contain all words of the text, followed by close ones if they are few."""
