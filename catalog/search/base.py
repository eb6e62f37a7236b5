"""What the shop asks of a search engine."""

from dataclasses import dataclass
from typing import Any, Protocol

from catalog.models import ProductQuerySet


@dataclass(frozen=True)
class Matches:
    """Products to be filtered and counted further, and their order, best first."""

    rows: ProductQuerySet
    order: tuple[Any, ...]
    only_close: bool = False  # nothing is as it was asked for; these differ by a letter


class Backend(Protocol):
    """`version` is that of what `terms` answers: `prepare` stores all anew where another one is stored."""

    version: int

    def terms(self, name: str, category: str | None) -> list[str]:
        """What to store as a product's `search_terms`; nothing where the engine keeps its own index."""

    def literal(self, rows: ProductQuerySet, text: str) -> ProductQuerySet:
        """Those whose name or category holds the text as it is, in either case of its letters."""

    def fuzzy(self, rows: ProductQuerySet, text: str) -> Matches:
        """Those that hold all words of the text in any order; where these are few, close ones after them."""
