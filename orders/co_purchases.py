"""What customers buy together, for the catalog, which knows no orders."""

from collections.abc import Iterator

from bson import ObjectId

from catalog.recommendations import demand
from ecommerce.core.db import collection
from orders.models import Order

LOOKED_AT = 5_000  # the newest: what was bought together years ago may not even be sold any more
COUNTED = {
    "status": Order.Status.PAID,
    # What was sent back or canceled was no good advice; a part of the money may go back for any reason.
    "refund_status": {"$in": [Order.RefundStatus.NONE, Order.RefundStatus.PARTIAL]},
}


def learn_demand() -> bool:
    return demand.learn(_baskets())


def _baskets() -> Iterator[demand.Basket]:
    newest = [("created_at", -1), ("_id", -1)]
    orders = collection(Order).find(COUNTED, {"items.product_id": 1}, sort=newest, limit=LOOKED_AT)
    for order in orders:
        yield frozenset(ObjectId(item["product_id"]) for item in order["items"])
