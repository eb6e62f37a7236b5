"""export_products writes what import_products reads."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.importer.own import COLUMNS
from catalog.models import Product
from catalog.services import delete_product
from tests.catalog.csvfiles import Run, run
from tests.factories import product as make_product

__all__ = ["run"]
pytestmark = pytest.mark.django_db
AWKWARD = 'Cup, "big"\r\nline two\n\n  indented ☕ ünï\t=1+1 <b>'


def exported() -> str:
    out = io.StringIO()
    call_command("export_products", stdout=out)
    return out.getvalue()


def everything() -> list[dict[str, object]]:
    return list(Product.objects.order_by("product_id").values(*COLUMNS))


def make_awkward_products() -> None:
    make_product(
        name='Cup, "big" ☕', description=AWKWARD, category="Kitchen, Bar", compare_at_price=Decimal("99.90")
    )
    make_product(product_id=40, is_active=False, inventory=0, image="https://cdn.example.com/a,b.jpg")
    make_product(image="img/products/yoga-mat-premium.svg", price=Decimal("0.01"))


def test_into_an_empty_shop_it_gives_the_same_products(run: Run, fsck):
    make_awkward_products()
    before, file = everything(), exported()
    for product in Product.objects.all():
        delete_product(pk=product.pk)
    assert run(file) == "3 created, 0 updated, 0 unchanged, 0 rejected.\n"
    assert everything() == before
    fsck()


def test_into_the_same_shop_it_changes_nothing(run: Run):
    make_awkward_products()
    assert run(exported(), set_stock=True) == "0 created, 0 updated, 3 unchanged, 0 rejected.\n"


def test_its_columns_are_documented_ones():
    make_product(name="Cup", slug="cup", product_id=3, price=Decimal(4), inventory=5)
    header, row = csv.reader(io.StringIO(exported()))
    assert ",".join(header) == (
        "product_id,name,slug,description,price,compare_at_price,inventory,category,image,is_active"
    )
    assert row == ["3", "Cup", "cup", "", "4.00", "", "5", "", "", "true"]


def test_it_writes_a_file(tmp_path: Path):
    make_product()
    call_command("export_products", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes().decode() == exported()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("export_products", str(tmp_path / "no" / "out.csv"))
