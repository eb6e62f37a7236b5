"""An import of 100,000 products. `make test ARGS="-m large tests/catalog"` prints its time and memory."""

import os
import random
import resource
import time

import pytest

from catalog.models import Product
from tests.catalog.csvfiles import Run, run
from tests.catalog.many import CATEGORIES, SYLLABLES, WORDS, remove_products

__all__ = ["run"]
NUMBER = int(os.environ.get("IMPORT_PRODUCTS", "100000"))
MOST_MEMORY = 300  # MB


def rows(number: int) -> list[list[str]]:
    dice = random.Random(number)
    brands = ["".join(dice.choices(SYLLABLES, k=3)).title() for _ in range(max(50, number // 20))]
    names = (" ".join([*dice.choices(brands, k=2), *dice.choices(WORDS, k=3)]) for _ in range(number))
    return [[name, f"p-{n}", "9.90", dice.choice(CATEGORIES) or "", "7"] for n, name in enumerate(names)]


@pytest.mark.large
@pytest.mark.django_db
def test_a_large_file_is_imported_in_little_memory(run: Run, capsys):
    try:
        started, header = time.monotonic(), ["name", "slug", "price", "category", "inventory"]
        printed = run([header, *rows(NUMBER)])
        seconds = time.monotonic() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        with capsys.disabled():
            print(f"\n{NUMBER} products in {seconds:.0f} s, {memory} MB")  # noqa: T201
        assert printed == f"{NUMBER} created, 0 updated, 0 unchanged, 0 rejected.\n"
        assert Product.objects.count() == NUMBER
        assert memory < MOST_MEMORY
    finally:
        remove_products(NUMBER)
