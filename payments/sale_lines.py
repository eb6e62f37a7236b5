from bson import ObjectId

from catalog.stock import SaleLine
from orders.models import Order


def sale_lines(order: Order) -> list[SaleLine]:
    """Return the order's items in the form that `catalog.stock` takes."""
    return [SaleLine(ObjectId(item.product_id), item.qty, item.name) for item in order.items]
