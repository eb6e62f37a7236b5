"""The search of staff for orders by number, e-mail and what was bought. Every search uses an index.

`Order.search_terms` holds the number, and the words and the ids of the products as they were bought. The text
is matched with the beginning of these words, or of the e-mail if it contains @ or no order has such words.
"""

from collections.abc import Iterable

from django.db.models import Q

from ecommerce.core.db.array_lookups import LAST, beginning_with
from ecommerce.core.text import folding as texts
from orders.models import OrderItem, OrderQuerySet


def terms(number: str, items: Iterable[OrderItem]) -> list[str]:
    """Return what `Order.search_terms` stores."""
    words = {number.lower()}
    for item in items:
        words |= {item.product_id, *texts.WORD.findall(texts.fold(item.name))}
    return sorted(words)


def matching(rows: OrderQuerySet, text: str) -> OrderQuerySet:
    """Filter the orders by what staff typed; an empty text matches all of them."""
    start = text.strip().lower()
    if not start:
        return rows
    by_email = rows.filter(email__gte=start, email__lt=start + LAST)
    words = sorted(texts.WORD.findall(texts.fold(text)), key=len, reverse=True)
    if "@" in start or not words:
        return by_email
    by_words = rows.filter(*(Q(search_terms__holds=beginning_with(word)) for word in words))
    return by_words if by_words.exists() else by_email
