"""Demo products: named like a department store's, with skewed prices and stock."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.utils.text import slugify

from catalog import cache
from catalog.categories import ensure_category
from catalog.models import MAX_INVENTORY, Product
from catalog.services import write_products
from ecommerce.core.db import run_tx
from ecommerce.core.text.money import rounded
from ecommerce.management.demo.words import COLOURS, KINDS, MATERIALS, QUALITIES, SYLLABLES

LABEL = "demo data"  # names the actor in the audit log
BATCH = 100
MEAN_STOCK = 60
TYPICAL_PRICE, MAX_DEMO_PRICE = 35, 5000
SOLD_OUT_SHARE = 0.06


def add_products(wanted: int, *, mean_stock: int) -> Iterator[int]:
    """Add products until the catalogue has this many, in transactions of 100, and yield each total."""
    dice = random.Random(wanted)  # noqa: S311  # demo data, not a secret
    brands = [_brand(dice) for _ in range(max(20, wanted // 200))]
    for name in KINDS:
        ensure_category(name)
    stored = Product.objects.count()
    try:
        while stored < wanted:
            rows = list(_rows(dice, brands, min(BATCH, wanted - stored), mean_stock))
            run_tx(lambda rows=rows: write_products(new=rows, label=LABEL))  # type: ignore[misc]
            stored += len(rows)
            yield stored
    finally:
        cache.products_changed()


def _rows(dice: random.Random, brands: list[str], number: int, mean_stock: int) -> Iterator[dict[str, Any]]:
    for _ in range(number):
        category = dice.choice(list(KINDS))
        brand, kind = dice.choice(brands), dice.choice(KINDS[category])
        quality, material, colour = dice.choice(QUALITIES), dice.choice(MATERIALS), dice.choice(COLOURS)
        name, pk = f"{brand} {quality} {material} {kind} {colour}", ObjectId()
        price = _price(dice)
        yield {
            "pk": pk,
            "product_id": None,
            "name": name,
            "slug": f"{slugify(name)}-{pk}",
            "description": f"A {kind.lower()} in {colour.lower()} {material.lower()}, made by {brand}.",
            "price": price,
            "compare_at_price": rounded(price * 5 / 4) if dice.random() < 0.1 else None,
            "category": category,
            "inventory": _stock(dice, mean_stock),
        }


def _brand(dice: random.Random) -> str:
    return "".join(dice.choices(SYLLABLES, k=dice.choice((2, 3)))).title()


def _price(dice: random.Random) -> Decimal:
    whole = int(min(dice.lognormvariate(0, 0.9) * TYPICAL_PRICE, MAX_DEMO_PRICE))
    return Decimal(max(whole, 1)) + dice.choice((Decimal("0.00"), Decimal("0.90")))


def _stock(dice: random.Random, mean: int) -> int:
    if dice.random() < SOLD_OUT_SHARE:
        return 0
    return min(int(dice.expovariate(1 / mean)) + 1, MAX_INVENTORY)
