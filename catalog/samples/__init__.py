"""The 20 sample products and their categories with which a development shop starts."""

import csv
from decimal import Decimal
from pathlib import Path

from django.utils.text import slugify

from catalog.categories import create_category
from catalog.models import Category
from catalog.services import create_product, ever_had_a_product
from ecommerce.core.db import run_tx

FOLDER = Path(__file__).parent


def seed_samples() -> int:
    """Create the samples if the database has never had a product, and return how many were created."""
    if ever_had_a_product():
        return 0
    products = _rows("products.csv")
    run_tx(lambda: _create_all(products))  # all or none, even in a crash
    return len(products)


def _create_all(products: list[dict[str, str]]) -> None:
    for position, row in enumerate(_rows("categories.csv"), 1):
        name, text = row["name"], row["description"]
        if not Category.objects.filter(name=name).exists():
            create_category(name=name, slug=slugify(name), description=text, position=position)
    for row in products:
        _create(row)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _create(row: dict[str, str]) -> None:
    create_product(
        product_id=int(row["product_id"]),
        name=row["name"],
        slug=row["slug"],
        description=row["description"],
        price=Decimal(row["price"]),
        inventory=int(row["inventory"]),
        category=row["category"],
        image=row["image"],
    )
