"""The 20 sample products that an empty development shop begins with."""

import csv
from decimal import Decimal
from pathlib import Path

from catalog.models import Product
from catalog.services import create_product, ever_had_a_product
from ecommerce.lib.db import run_tx

CSV = Path(__file__).with_name("products.csv")


def seed_samples() -> int:
    """Make the samples in a database that has never had a product; answers how many were made."""
    if ever_had_a_product():
        return 0
    with CSV.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    run_tx(lambda: [_create(row) for row in rows])  # all or none: a crash leaves no half catalogue
    return len(rows)


def _create(row: dict[str, str]) -> Product:
    return create_product(
        product_id=int(row["product_id"]),
        name=row["name"],
        slug=row["slug"],
        description=row["description"],
        price=Decimal(row["price"]),
        inventory=int(row["inventory"]),
        category=row["category"],
        image=row["image"],
    )
