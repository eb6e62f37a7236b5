"""Text without case and accents, for comparing what people type with what is stored."""

import re
import unicodedata
from functools import cache

from ecommerce.core.db.array_lookups import LAST

WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return the text without case and accents.

    Each character is folded on its own, so a part of a text folds to a part of the folded text. Characters
    that MongoDB's case-insensitive patterns treat as equal fold to the same; otherwise the search index would
    miss what such a pattern finds.
    """
    return "".join(map(_fold_character, text))


@cache
def _fold_character(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character.casefold())
    plain = "".join(part for part in decomposed if not _is_ignored(part))
    return plain.casefold().replace("ı", "i")


def _is_ignored(character: str) -> bool:
    """Return whether it is an accent on the preceding letter or a control character."""
    category = unicodedata.category(character)
    is_control = category == "Cc" and not character.isspace()
    return category == "Mn" or is_control or character == LAST
