"""The demand for products, alone and together, learned from whole baskets."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable

from bson import ObjectId
from pymongo import UpdateOne

from catalog import cache
from catalog.models import Demand
from ecommerce.core.db import collection
from ecommerce.core.db.lease import lease

ORDERS_NEEDED = 2  # a single order is no pattern
KEPT = 12  # more than are shown, since some will be sold out or hidden
LARGEST_BASKET = 20  # a larger one says little about which products belong together
BATCH = 500

Basket = frozenset[ObjectId]
Learned = dict[ObjectId, tuple[int, list[ObjectId]]]  # number of orders and companions, by product


def learn(baskets: Iterable[Basket]) -> bool:
    """Replace the stored demand by that of these baskets, and return whether it differs.

    Idempotent; concurrent calls wait for each other.
    """
    learned = _learn(baskets)
    with lease("demand"):
        stored: Learned = {row.pk: (row.orders, row.together) for row in Demand.objects.iterator()}
        changed = {product: demand for product, demand in learned.items() if stored.get(product) != demand}
        obsolete = list(stored.keys() - learned.keys())
        _write(changed)
        Demand.objects.filter(pk__in=obsolete).delete()
    if changed or obsolete:
        cache.products_changed()
    return bool(changed or obsolete)


def _learn(baskets: Iterable[Basket]) -> Learned:
    orders: Tally[ObjectId] = Tally()
    companions: defaultdict[ObjectId, Tally[ObjectId]] = defaultdict(Tally)
    for basket in baskets:
        orders.update(basket)
        for product in basket if len(basket) <= LARGEST_BASKET else ():
            companions[product].update(basket - {product})
    return {product: (count, _most_frequent(companions[product])) for product, count in orders.items()}


def _most_frequent(companions: Tally[ObjectId]) -> list[ObjectId]:
    """Return the most frequent first; equally frequent ones stay in a stable order, by their ids."""
    frequent = [(-count, product) for product, count in companions.items() if count >= ORDERS_NEEDED]
    return [product for _, product in sorted(frequent)[:KEPT]]


def _write(learned: Learned) -> None:
    updates = [
        UpdateOne({"_id": product}, {"$set": {"orders": orders, "together": together}}, upsert=True)
        for product, (orders, together) in learned.items()
    ]
    for start in range(0, len(updates), BATCH):
        collection(Demand).bulk_write(updates[start : start + BATCH], ordered=False)
