"""Comparing texts for the search, checked against plain definitions."""

import random
import re
import sys

import pytest

from catalog.search import texts
from ecommerce.core.text.folding import fold


def cased_characters():
    return "".join(
        sign
        for sign in map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)])
        if len({sign, sign.lower(), sign.upper(), sign.title(), sign.casefold()}) > 1
        or sign in "\u0345\u1fbe"
    )


def test_characters_that_a_caseless_pattern_treats_as_equal_fold_to_the_same():
    """Otherwise the index would miss what the pattern finds."""
    cased = cased_characters()
    assert len(cased) > 2500
    for sign in cased:
        for same in re.findall(re.escape(sign), cased, re.IGNORECASE):
            assert fold(same) == fold(sign), (sign, same)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème BRÛLÉE", "creme brulee"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("e\u0301clair \ufb01ne", "eclair fine"),
        ("İstanbul ılık", "istanbul ilik"),
        ("a\x00b\x01c\U0010ffff", "abc"),
        ("日本語 C++", "日本語 c++"),
    ],
)
def test_case_and_accents_fold_away(text, folded):
    assert fold(text) == folded


def test_a_part_of_a_text_folds_to_a_part():
    random.seed(1)
    for _ in range(500):
        text = "".join(random.choices("aÄßİı\u0301 ŉﬁK9-", k=12))
        start, end = sorted(random.choices(range(13), k=2))
        assert fold(text[start:end]) in fold(text)


def test_pieces_cover_a_long_word():
    word = "Donaudampfschifffahrtsgesellschaft".lower()
    assert texts.pieces("lamp") == ["lamp"]
    assert texts.pieces(word) == ["donaudampfsc", "hifffahrtsge", "gesellschaft"]
    assert all(len(piece) <= texts.PART for piece in texts.pieces(word))


def edits(word, alphabet):
    """Yield every word with one wrong, missing, added or swapped letter."""
    for at in range(len(word) + 1):
        start, rest = word[:at], word[at:]
        yield from (start + letter + rest for letter in alphabet)
        if rest:
            yield start + rest[1:]
            yield from (start + letter + rest[1:] for letter in alphabet)
        if len(rest) > 1:
            yield start + rest[1] + rest[0] + rest[2:]


def test_words_are_close_if_they_are_one_edit_apart():
    random.seed(2)
    for _ in range(300):
        word = "".join(random.choices("abc", k=random.randint(4, 7)))
        near = {*edits(word, "abc"), word}
        for other in near:
            assert texts.is_close(word, other), (word, other)
        for _ in range(50):
            other = "".join(random.choices("abc", k=random.randint(4, 7)))
            assert texts.is_close(word, other) == (other in near), (word, other)


def test_words_one_typo_apart_share_a_signature():
    random.seed(3)
    for _ in range(300):
        word = "".join(random.choices("abcde", k=random.randint(4, 9)))
        for typed in edits(word, "abcde"):
            if len(typed) >= texts.TYPO_FROM:
                assert texts.signatures(typed) & texts.signatures(word), (word, typed)


@pytest.mark.parametrize(
    ("word", "distance"),
    [
        ("laptop", 0),
        ("apto", 0),
        ("lpatop", 1),
        ("laptp", 1),
        ("lqptop", 1),
        ("llaptop", 1),
        ("headpohne", 2),
        ("hedpho", 2),
        ("lpatpo", None),
        ("gamin", 0),
        ("gamnig", 1),
        ("prp", None),
        ("12346", None),
    ],
)
def test_the_distance_of_a_word(word, distance):
    assert texts.distance(word, text="gaming laptop pro headphones 12345") == distance
