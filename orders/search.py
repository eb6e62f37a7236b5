"""Staff find orders by number, e-mail and what was bought; an index leads to them, none is scanned for.

`Order.search_terms` holds the number, and the words and the ids of the products as they were bought. What is
typed is the beginning of words; with an @ in it, or where no order has such words, of an e-mail.
"""

from collections.abc import Iterable

from django.db.models import Q

from ecommerce.core.db.array_lookups import LAST, beginning_with
from ecommerce.core.text import folding as texts
from orders.models import OrderItem, OrderQuerySet


def terms(number: str, items: Iterable[OrderItem]) -> list[str]:
    found = {number.lower()}
    for item in items:
        found |= {item.product_id, *texts.WORD.findall(texts.fold(item.name))}
    return sorted(found)


def matching(rows: OrderQuerySet, text: str) -> OrderQuerySet:
    start = text.strip().lower()
    if not start:
        return rows
    by_email = rows.filter(email__gte=start, email__lt=start + LAST)
    words = sorted(texts.WORD.findall(texts.fold(text)), key=len, reverse=True)
    if "@" in start or not words:
        return by_email
    by_words = rows.filter(*(Q(search_terms__holds=beginning_with(word)) for word in words))
    return by_words if by_words.exists() else by_email
