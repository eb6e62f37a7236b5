from bson import ObjectId

from catalog.stock import SaleLine
from orders.models import Order


def lines_of(order: Order) -> list[SaleLine]:
    """An order as the stock knows it."""
    return [SaleLine(ObjectId(item.product_id), item.qty, item.name) for item in order.items]
