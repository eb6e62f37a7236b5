"""How often products are bought, and what together: for suggestions alone, learned from whole baskets."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable

from bson import ObjectId
from pymongo import UpdateOne

from catalog import cache
from catalog.models import Demand
from ecommerce.core.db import collection
from ecommerce.core.db.lease import lease

ORDERS_NEEDED = 2  # one customer's basket is nobody's advice
KEPT = 12  # more than are shown: some are sold out or hidden by then
LARGEST_BASKET = 20  # who buys more of different things stocks up, which says little of what belongs together
BATCH = 500

Basket = frozenset[ObjectId]
Learned = dict[ObjectId, tuple[int, list[ObjectId]]]  # orders, together


def learn(baskets: Iterable[Basket]) -> bool:
    """Store what these baskets say in place of what is stored; True where that was something else.

    A repeat changes nothing. Of several at once one waits for the other.
    """
    learned = _learned(baskets)
    with lease("demand"):
        stored: Learned = {row.pk: (row.orders, row.together) for row in Demand.objects.iterator()}
        changed = {product: facts for product, facts in learned.items() if stored.get(product) != facts}
        _write(changed)
        gone = list(stored.keys() - learned.keys())
        Demand.objects.filter(pk__in=gone).delete()
    if changed or gone:
        cache.products_changed()
    return bool(changed or gone)


def _learned(baskets: Iterable[Basket]) -> Learned:
    orders: Tally[ObjectId] = Tally()
    pairs: defaultdict[ObjectId, Tally[ObjectId]] = defaultdict(Tally)
    for basket in baskets:
        orders.update(basket)
        for product in basket if len(basket) <= LARGEST_BASKET else ():
            pairs[product].update(basket - {product})
    return {product: (number, _often(pairs[product])) for product, number in orders.items()}


def _often(others: Tally[ObjectId]) -> list[ObjectId]:
    """The most often first; the older one of two as often, so that a repeat finds the same."""
    enough = [(-number, other) for other, number in others.items() if number >= ORDERS_NEEDED]
    return [other for _, other in sorted(enough)[:KEPT]]


def _write(learned: Learned) -> None:
    changes = [
        UpdateOne({"_id": product}, {"$set": {"orders": orders, "together": together}}, upsert=True)
        for product, (orders, together) in learned.items()
    ]
    for start in range(0, len(changes), BATCH):
        collection(Demand).bulk_write(changes[start : start + BATCH], ordered=False)
