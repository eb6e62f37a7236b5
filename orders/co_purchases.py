"""The products that customers buy together, counted here because the catalog does not know orders."""

from collections.abc import Iterator

from bson import ObjectId

from catalog.recommendations import demand
from ecommerce.core.db import collection
from orders.models import Order

NEWEST_ORDERS = 5_000  # older orders say little about what customers buy together now
COUNTED_ORDERS = {
    "status": Order.Status.PAID,
    # A full refund suggests that the purchase was a mistake; a partial one may have any reason.
    "refund_status": {"$in": [Order.RefundStatus.NONE, Order.RefundStatus.PARTIAL]},
}


def learn_demand() -> bool:
    """Count the newest paid orders anew and return whether anything was stored."""
    return demand.learn(_baskets())


def _baskets() -> Iterator[demand.Basket]:
    newest = [("created_at", -1), ("_id", -1)]
    orders = collection(Order).find(COUNTED_ORDERS, {"items.product_id": 1}, sort=newest, limit=NEWEST_ORDERS)
    for order in orders:
        yield frozenset(ObjectId(item["product_id"]) for item in order["items"])
