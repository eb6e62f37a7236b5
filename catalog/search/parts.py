"""The shop's own search, which needs a single index of `Product.search_terms`.

The terms are the parts of name and category from each of their characters on, so that any part of a word is a
range of the index, and the signatures (`texts.signatures`), which lead to words with a typo.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When

from catalog.models import ProductQuerySet
from catalog.search import texts
from catalog.search.base import Matches, Tiers
from ecommerce.core.db import array_lookups
from ecommerce.core.text.folding import fold

FEW = 5  # close matches follow if there are fewer exact ones
CANDIDATES, MAX_CLOSE = 500, 48  # compared per word, and shown at most
MAX_TYPOS = 5  # words for which similar ones are looked up, with a query each
READ = ("pk", "product_id", "name", "category")


class Parts:
    version = 1

    def terms(self, name: str, category: str | None) -> list[str]:
        parts = {*texts.parts(name), *texts.parts(category or "")}
        return sorted(parts | set(texts.word_signatures(f"{name} {category or ''}")))

    def literal(self, rows: ProductQuerySet, text: str) -> ProductQuerySet:
        """Narrow down by the index, which ignores case and accents, then compare the text itself."""
        if start := fold(text).lstrip()[: texts.PART]:
            rows = rows.filter(_has_part(start))
        return rows.filter(Q(name__icontains=text) | Q(category__icontains=text))

    def tiers(self, rows: ProductQuerySet, text: str) -> Tiers:
        words = texts.words(text)
        few = list(_exact_matches(rows, words).order_by().values_list("pk", flat=True)[:FEW]) if words else []
        close = _close_matches(rows, words, few) if words and len(few) < FEW else {}
        return {0: few, **close} if close else {}

    def fuzzy(self, rows: ProductQuerySet, text: str, tiers: Tiers) -> Matches:
        words = texts.words(text)
        if not words:  # the text consists of accents
            return Matches(self.literal(rows, text), ("product_id",))
        order = (_relevance(text, words), "product_id")
        if not tiers:
            return Matches(_exact_matches(rows, words), order)
        # By their ids, because no index serves an $or of both conditions.
        matches = rows.filter(pk__in=list(chain.from_iterable(tiers.values())))
        return Matches(matches, (_tier(tiers), *order), only_close=not tiers.get(0))


def _exact_matches(rows: ProductQuerySet, words: list[str]) -> ProductQuerySet:
    return rows.filter(*map(_has_word, words))


def _has_word(word: str) -> Q:
    return Q(*map(_has_part, texts.pieces(word)))


def _has_part(start: str) -> Q:
    return Q(search_terms__holds=array_lookups.beginning_with(start))


def _close_matches(rows: ProductQuerySet, words: list[str], exact: list[Any]) -> Tiers:
    """Return the ids of at most MAX_CLOSE products by their distance, the closest first."""
    distances: dict[Any, tuple[int, int]] = {}  # and the product_id, which breaks ties
    candidates = (query.values_list(*READ)[:CANDIDATES] for query in _candidates(rows, words))
    for pk, product_id, name, category in chain.from_iterable(candidates):
        distance = _distance(words, fold(f"{name}\n{category or ''}"))
        if pk not in exact and distance is not None:
            distances[pk] = (distance, product_id)
    tiers: Tiers = {}
    for pk in sorted(distances, key=distances.__getitem__)[:MAX_CLOSE]:
        tiers.setdefault(distances[pk][0], []).append(pk)
    return tiers


def _distance(words: list[str], text: str) -> int | None:
    """Return the sum of the words' distances from the text, or None if one of them is not close."""
    distances = [texts.distance(word, text=text) for word in words]
    return None if None in distances else sum(filter(None, distances))


def _candidates(rows: ProductQuerySet, words: list[str]) -> Iterator[ProductQuerySet]:
    """For each word that may have a typo, yield products with a similar word that may contain the others."""
    for word in islice(filter(texts.may_have_typo, words), MAX_TYPOS):
        others = [_may_have_word(other) for other in words if other != word]
        yield rows.filter(_has_similar_word(word), *others).order_by("product_id")


def _has_similar_word(word: str) -> Q:
    return Q(search_terms__holds={"$in": sorted(texts.signatures(word))})


def _may_have_word(word: str) -> Q:
    return _has_word(word) | _has_similar_word(word) if texts.may_have_typo(word) else _has_word(word)


def _relevance(text: str, words: list[str]) -> Case:
    """Rank names by how early they contain the text, then those with all words, then all others."""
    text = " ".join(text.split())
    return _first_true(
        Q(name__istartswith=text),
        Q(name__icontains=f" {text}"),
        Q(name__icontains=text),
        Q(*(Q(name__icontains=word) for word in words)),
    )


def _tier(tiers: Tiers) -> Case:
    return _first_true(*(Q(pk__in=tiers[distance]) for distance in sorted(tiers)))


def _first_true(*conditions: Q) -> Case:
    """Return an expression for the number of the first condition that is true."""
    whens = [When(condition, then=Value(number)) for number, condition in enumerate(conditions)]
    return Case(*whens, default=Value(len(conditions)), output_field=IntegerField())
