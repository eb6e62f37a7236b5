"""How much a search examines among 100,000 products. `make test ARGS="-m large tests/catalog"` prints it."""

import os

import bson
import pytest

from catalog import queries
from catalog.models import Product
from catalog.queries import ProductQuery
from ecommerce.core.db import collection
from tests.catalog.many import make_products, remove_products
from tests.support.query_plans import plan_of

NUMBER = int(os.environ.get("SEARCH_PRODUCTS", "100000"))
TEXTS = ("laptop", "apto", "gaming laptop", "wireless headphones", "electronics", "q", "la")


@pytest.mark.large
@pytest.mark.django_db
def test_a_search_examines_what_it_finds(capsys):
    try:
        make_products(NUMBER)
        table = list(_table())
        with capsys.disabled():
            print("", *table, sep="\n")  # noqa: T201
    finally:
        remove_products(NUMBER)


def _table():
    yield from _sizes()
    yield f"{'text':24} {'kind':8} {'examined':>9} {'found':>9}  index"
    brand, other, *_ = Product.objects.get(product_id=7).name.split()
    typo = brand[0] + brand[2] + brand[1] + brand[3:]
    for text in (*TEXTS, brand, brand[1:5], f"lamp {brand}", typo, other[:-1]):
        for kind in ("literal", "fuzzy"):
            plan = plan_of(queries.matching(ProductQuery(q=text, fuzzy=kind == "fuzzy")).rows)
            yield f"{text:24} {kind:8} {plan.examined:9} {plan.returned:9}  {plan.index}"
            assert plan.index


def _sizes():
    rows = list(collection(Product).find().limit(500))
    terms = [term for row in rows for term in row["search_terms"]]
    yield f"{NUMBER} products of {sum(len(bson.encode(row)) for row in rows) // len(rows)} bytes on average"
    yield f"search terms of a product: {len(terms) // len(rows)}, {sum(map(len, terms)) // len(rows)} bytes"
