"""Texts as the search sees them: without case and accents, in parts, and with a typo."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from ecommerce.core.db.array_lookups import LAST

PART = 12  # letters of a stored part; what is asked beyond is looked up in pieces
TYPO_FROM = 5  # letters of a word that may have a typo
TYPO = "\x01"  # before a signature, so that no text begins like one
WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """The same for texts that differ in case or accents only.

    It goes character by character, so what is part of a text folds to a part of the folded text. What
    MongoDB's case-insensitive patterns hold for equal folds to the same, or the index would miss it.
    """
    return "".join(map(_folded, text))


def words(text: str) -> list[str]:
    """The folded words, the longest first: it is the one that an index should be asked for."""
    return sorted(dict.fromkeys(fold(text).split()), key=len, reverse=True)


def parts(text: str) -> Iterator[str]:
    """What the folded text holds from each of its characters on, cut to PART."""
    folded = fold(text)
    return (folded[at : at + PART] for at, sign in enumerate(folded) if not sign.isspace())


def pieces(word: str) -> list[str]:
    """Pieces of at most PART letters that cover the word, the whole ones first."""
    starts = [*range(0, len(word) - PART + 1, PART), max(0, len(word) - PART)]
    return list(dict.fromkeys(word[at : at + PART] for at in starts))


def signatures(word: str) -> set[str]:
    """What words have in common if the beginnings are a letter apart: five letters without one of them.

    A letter that is wrong, missing, too much or changed places with the next, anywhere in the word, leaves
    at least one signature the same.
    """
    start = word[:TYPO_FROM]
    if len(start) < TYPO_FROM:
        return {TYPO + start}
    return {TYPO + start[:at] + start[at + 1 :] for at in range(TYPO_FROM)}


def word_signatures(text: str) -> Iterator[str]:
    for word in WORD.findall(fold(text)):
        if len(word) >= TYPO_FROM - 1:
            yield from signatures(word)


def may_have_typo(word: str) -> bool:
    return sum(map(str.isalpha, word)) >= TYPO_FROM


def is_close(one: str, other: str) -> bool:
    """The same but for one letter that is wrong, missing, too much, or changed places with the next."""
    shorter, longer = sorted((one, other), key=len)
    at = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    rest, other_rest = shorter[at:], longer[at:]
    if len(shorter) < len(longer):
        return rest == other_rest[1:]
    swapped = rest[:2] == other_rest[:2][::-1] and rest[2:] == other_rest[2:]
    return swapped or rest[1:] == other_rest[1:]


def distance(word: str, text: str) -> int | None:
    """How far a word is from what the folded text holds: 0 a part of it, 1 one of its words but for a
    letter, 2 the beginning of one but for a letter, None further."""
    if word in text:
        return 0
    if not may_have_typo(word):
        return None
    found = WORD.findall(text)
    if any(is_close(word, each) for each in found):
        return 1
    lengths = range(len(word), len(word) + 2)
    return 2 if any(is_close(word, each[:length]) for each in found for length in lengths) else None


@cache
def _folded(sign: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", sign.casefold()) if not _is_mark(each))
    return plain.casefold().replace("ı", "i")


def _is_mark(sign: str) -> bool:
    """An accent on the letter before, or nothing that anybody types."""
    kind = unicodedata.category(sign)
    return kind == "Mn" or (kind == "Cc" and not sign.isspace()) or sign == LAST
