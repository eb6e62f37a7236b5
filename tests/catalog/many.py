"""Catalogues of any size, created quickly because their products have no stock accounts."""

import random
from decimal import Decimal

from bson import ObjectId

from catalog import search
from catalog.models import Product
from ecommerce.core.db import collection

WORDS = [
    "Gaming",
    "Laptop",
    "Wireless",
    "Headphones",
    "Leather",
    "Jacket",
    "Running",
    "Shoes",
    "Coffee",
    "Maker",
    "Desk",
    "Lamp",
    "Yoga",
    "Mat",
    "Office",
    "Chair",
    "Smart",
    "Watch",
    "Mechanical",
    "Keyboard",
    "Robot",
    "Vacuum",
    "Air",
    "Purifier",
    "Sunglasses",
    "Backpack",
    "Mattress",
    "Whey",
    "Protein",
    "Curtain",
    "Bookshelf",
    "Teapot",
    "Kettle",
    "Blender",
    "Toaster",
    "Speaker",
    "Monitor",
    "Printer",
    "Router",
    "Camera",
    "Tripod",
    "Tent",
    "Sleeping",
    "Bag",
    "Bottle",
    "Bicycle",
    "Helmet",
    "Gloves",
    "Scarf",
    "Umbrella",
    "Wallet",
    "Belt",
    "Sneakers",
    "Sandals",
    "Hoodie",
    "Jeans",
    "Dress",
    "Skirt",
    "Blouse",
    "Cushion",
    "Blanket",
    "Towel",
    "Carpet",
    "Mirror",
    "Clock",
    "Vase",
    "Candle",
    "Basket",
    "Drill",
    "Hammer",
    "Screwdriver",
    "Ladder",
    "Hose",
    "Shovel",
    "Rake",
    "Seeds",
]
CATEGORIES = ("Electronics", "Fashion", "Home & Living", "Sports & Fitness", "Garden", "Kitchen", None)
BATCH = 100  # a thousand take the embedded MongoDB seconds
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "ix")]


def make_products(number: int) -> None:
    """Create products named by three common words and two brands, whose number grows with the catalogue."""
    dice = random.Random(number)
    brands = ["".join(dice.choices(SYLLABLES, k=3)).title() for _ in range(max(50, number // 20))]
    for start in range(0, number, BATCH):
        rows = range(start, min(start + BATCH, number))
        Product.objects.bulk_create([_product(dice, brands, row + 1) for row in rows])


def remove_products(number: int) -> None:
    """Delete the products in batches, because all at once exceed the client's timeout."""
    for start in range(1, number + 1, BATCH):
        collection(Product).delete_many({"product_id": {"$gte": start, "$lt": start + BATCH}})


def _product(dice: random.Random, brands: list[str], number: int) -> Product:
    name = " ".join([*dice.choices(brands, k=2), *dice.choices(WORDS, k=3)])
    category = dice.choice(CATEGORIES)
    return Product(
        pk=ObjectId(),
        product_id=number,
        name=name,
        slug=f"p-{number}",
        price=Decimal(dice.randint(1, 99999)) / 100,
        inventory=dice.randint(0, 9),
        category=category,
        search_terms=search.backend().terms(name, category),
    )
