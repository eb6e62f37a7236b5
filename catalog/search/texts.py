"""Comparing texts for the search: folded, in parts, and with a typo."""

from collections.abc import Iterator
from itertools import islice

from rapidfuzz.distance import OSA

from ecommerce.core.text.folding import WORD, fold

WORDS = 10  # of a text that are searched for: enough for a pasted name
PART = 12  # characters of a stored part; a longer word is looked up in pieces
TYPO_FROM = 5  # letters of a word that may have a typo
TYPO = "\x01"  # before each signature, so that no text begins like one


def words(text: str) -> list[str]:
    """Return the first folded words, the longest first, since the index narrows that one down best."""
    return sorted(islice(dict.fromkeys(fold(text).split()), WORDS), key=len, reverse=True)


def parts(text: str) -> Iterator[str]:
    """Return the folded text from each of its characters on, cut to PART characters."""
    folded = fold(text)
    return (folded[start : start + PART] for start, sign in enumerate(folded) if not sign.isspace())


def pieces(word: str) -> list[str]:
    """Return pieces of at most PART characters that together cover the word, full ones first."""
    starts = [*range(0, len(word) - PART + 1, PART), max(0, len(word) - PART)]
    return list(dict.fromkeys(word[start : start + PART] for start in starts))


def signatures(word: str) -> set[str]:
    """Return the first five letters with each of them left out in turn.

    Two words share at least one signature if a single letter is wrong, missing, added or swapped with the
    next, wherever in the word that is.
    """
    start = word[:TYPO_FROM]
    if len(start) < TYPO_FROM:
        return {TYPO + start}
    return {TYPO + start[:index] + start[index + 1 :] for index in range(TYPO_FROM)}


def word_signatures(text: str) -> Iterator[str]:
    for word in WORD.findall(fold(text)):
        if len(word) >= TYPO_FROM - 1:
            yield from signatures(word)


def may_have_typo(word: str) -> bool:
    return sum(map(str.isalpha, word)) >= TYPO_FROM


def is_close(one: str, other: str) -> bool:
    """Return whether at most one letter is wrong, missing, added or swapped with the next."""
    return OSA.distance(one, other, score_cutoff=1) <= 1


def distance(word: str, *, text: str) -> int | None:
    """Return how far the word is from the closest words of a folded text.

    0 means that the text contains it, 1 that a word of the text differs by one typo, 2 that the beginning of
    one does, and None that nothing is close.
    """
    if word in text:
        return 0
    if not may_have_typo(word):
        return None
    candidates = WORD.findall(text)
    if any(is_close(word, candidate) for candidate in candidates):
        return 1
    return 2 if any(_is_close_to_beginning(word, candidate) for candidate in candidates) else None


def _is_close_to_beginning(word: str, candidate: str) -> bool:
    return any(is_close(word, candidate[:length]) for length in (len(word), len(word) + 1))
