"""The interface of a search backend."""

from dataclasses import dataclass
from typing import Any, Protocol

from bson import ObjectId

from catalog.models import ProductQuerySet


@dataclass(frozen=True)
class Matches:
    """The products that a search finds, still to be filtered and counted, and their order, best first."""

    rows: ProductQuerySet
    order: tuple[Any, ...]
    only_close: bool = False  # there is no exact match; these differ by a typo


Tiers = dict[int, list[ObjectId]]  # ids of products by how far they are from a text; 0 for exact matches


class Backend(Protocol):
    """A search engine; raise `version` whenever `terms` changes, so that `prepare` stores new terms."""

    version: int

    def terms(self, name: str, category: str | None) -> list[str]:
        """Return a product's `search_terms`; none if the engine keeps an index of its own."""

    def literal(self, rows: ProductQuerySet, text: str) -> ProductQuerySet:
        """Return the products whose name or category contains the text, ignoring case."""

    def tiers(self, rows: ProductQuerySet, text: str) -> Tiers:
        """Return the few products that contain all words of the text, and close ones.

        There are no tiers if enough products have all words. They are the same whatever the filters.
        """

    def fuzzy(self, rows: ProductQuerySet, text: str, tiers: Tiers) -> Matches:
        """Return the products of the tiers, or all that contain all words of the text if there are no tiers.

        Texts of many words are searched for their first words.
        """
