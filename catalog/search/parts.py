"""The search of the shop itself: `Product.search_terms` holds what a text can be found by, in one index.

For each character of name and category it has what follows there, so a part of a word, however short, is a
range of the index. Signatures (`texts.signatures`) lead to words that are a letter away.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When

from catalog.models import ProductQuerySet
from catalog.search import texts
from catalog.search.base import Matches
from ecommerce.core.db import array_lookups
from ecommerce.core.text.folding import fold

FEW = 5  # with fewer exact matches close ones follow
LOOKED_AT, SHOWN = 500, 48  # close ones
MOST_TYPOS = 5  # words whose neighbours are looked up: each is a query
READ = ("pk", "product_id", "name", "category")


class Parts:
    version = 1

    def terms(self, name: str, category: str | None) -> list[str]:
        found = {*texts.parts(name), *texts.parts(category or "")}
        return sorted(found | set(texts.word_signatures(f"{name} {category or ''}")))

    def literal(self, rows: ProductQuerySet, text: str) -> ProductQuerySet:
        """The index gives all that hold the text without its case and accents, the rest decides."""
        if start := fold(text).lstrip()[: texts.PART]:
            rows = rows.filter(_has_part(start))
        return rows.filter(Q(name__icontains=text) | Q(category__icontains=text))

    def fuzzy(self, rows: ProductQuerySet, text: str) -> Matches:
        words = texts.words(text)
        if not words:  # of accents alone
            return Matches(self.literal(rows, text), ("product_id",))
        exact = _exact(rows, words)
        few = list(exact.order_by().values_list("pk", flat=True)[:FEW])
        tiers = _close(rows, words, few) if len(few) < FEW else {}
        order = (_relevance(text, words), "product_id")
        if not tiers:
            return Matches(exact, order)
        close = [pk for pks in tiers.values() for pk in pks]
        # Their ids, not `exact or close`: an $or has no index of its own.
        return Matches(rows.filter(pk__in=[*few, *close]), (_tier({0: few, **tiers}), *order), not few)


def _exact(rows: ProductQuerySet, words: list[str]) -> ProductQuerySet:
    return rows.filter(*map(_holds, words))


def _holds(word: str) -> Q:
    return Q(*map(_has_part, texts.pieces(word)))


def _has_part(start: str) -> Q:
    return Q(search_terms__holds=array_lookups.beginning_with(start))


def _close(rows: ProductQuerySet, words: list[str], exact: list[Any]) -> dict[int, list[Any]]:
    """Ids by how far they are, the closest first, SHOWN at the most. At least one word has a typo."""
    found: dict[Any, tuple[int, int]] = {}
    looked_at = (like.values_list(*READ)[:LOOKED_AT] for like in _candidates(rows, words))
    for pk, number, name, category in chain.from_iterable(looked_at):
        text = fold(f"{name}\n{category or ''}")
        distances = [texts.distance(word, text=text) for word in words]
        if pk not in exact and None not in distances:
            found[pk] = (sum(filter(None, distances)), number)
    tiers: dict[int, list[Any]] = {}
    for pk in sorted(found, key=found.__getitem__)[:SHOWN]:
        tiers.setdefault(found[pk][0], []).append(pk)
    return tiers


def _candidates(rows: ProductQuerySet, words: list[str]) -> Iterator[ProductQuerySet]:
    """For each word that may have the typo, what shares a signature with it and may hold the others."""
    for word in islice(filter(texts.may_have_typo, words), MOST_TYPOS):
        others = [_may_hold(other) for other in words if other != word]
        yield rows.filter(_resembles(word), *others).order_by("product_id")


def _resembles(word: str) -> Q:
    return Q(search_terms__holds={"$in": sorted(texts.signatures(word))})


def _may_hold(word: str) -> Q:
    return _holds(word) | _resembles(word) if texts.may_have_typo(word) else _holds(word)


def _relevance(text: str, words: list[str]) -> Case:
    """Names that begin with the text, with a word that does, that hold it, that hold its words, the rest."""
    text = " ".join(text.split())
    return _first_of(
        Q(name__istartswith=text),
        Q(name__icontains=f" {text}"),
        Q(name__icontains=text),
        Q(*(Q(name__icontains=word) for word in words)),
    )


def _tier(tiers: dict[int, list[Any]]) -> Case:
    return _first_of(*(Q(pk__in=tiers[distance]) for distance in sorted(tiers)))


def _first_of(*conditions: Q) -> Case:
    """The number of the first that holds."""
    whens: Iterable[When] = (When(each, then=Value(number)) for number, each in enumerate(conditions))
    return Case(*whens, default=Value(len(conditions)), output_field=IntegerField())
