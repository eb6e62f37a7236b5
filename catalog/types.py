"""Products and categories as the cache holds them and as services hand them to templates."""

from decimal import Decimal
from typing import TypedDict


class ProductData(TypedDict):
    """An API answer (`product_as_dict`) whose prices are Decimals; the fields that Python code reads."""

    id: str
    product_id: int
    name: str
    slug: str
    description: str | None
    price: Decimal
    compare_at_price: Decimal | None
    image: str | None
    inventory: int
    category: str | None


class CategoryData(TypedDict):
    """A category with its number of visible products."""

    name: str
    slug: str
    description: str
    count: int
