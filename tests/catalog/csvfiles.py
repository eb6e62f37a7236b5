"""CSV files for the tests of import and export."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Product

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, db: None) -> Run:
    """Import a text, bytes or rows of cells, and return the output of the command."""

    def import_products(content: str | bytes | list[list[str]], **options: Any) -> str:
        file, out = tmp_path / "products.csv", io.StringIO()
        text = _text(content) if isinstance(content, list) else content
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        call_command("import_products", str(file), stdout=out, **options)
        return out.getvalue()

    return import_products


def _text(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def get(slug: str) -> Product:
    return Product.objects.get(slug=slug)


def slugs() -> list[str]:
    return list(Product.objects.order_by("product_id").values_list("slug", flat=True))
