"""export_products writes what import_products reads."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.csv.own_format import columns
from catalog.models import Product
from catalog.services import delete_product
from ecommerce.core.text import csv_files
from tests.catalog.csvfiles import Run, run
from tests.support.admin_pages import office_of, url
from tests.support.factories import product as make_product

__all__ = ["run"]
pytestmark = pytest.mark.django_db
AWKWARD = 'Cup, "big"\r\nline two\n\n  indented ☕ ünï\t=1+1 <b>'


def exported() -> str:
    out = io.StringIO()
    call_command("export_products", stdout=out)
    return out.getvalue()


def everything() -> list[dict[str, object]]:
    return list(Product.objects.order_by("product_id").values(*columns()))


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


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "'=1+1",
    "''=1",
    "'",
    "'quoted'",
    "＝1",
    "- a list\n- more",
]


def test_no_cell_is_a_formula_and_import_reads_back_what_was_there(run: Run, fsck):
    for text in FORMULAS:
        make_product(name=text.strip()[:8], description=text, category=text.strip()[:8])
    before, file = everything(), exported()
    cells = [cell for row in csv.reader(io.StringIO(file, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]
    assert run(file, set_stock=True).startswith("0 created, 0 updated, 11 unchanged, 0 rejected.")
    for product in Product.objects.all():
        delete_product(pk=product.pk)
    run(file)
    assert everything() == before
    fsck()


@pytest.mark.parametrize("text", [*FORMULAS, "", "=", "''", "plain", "a=b"])
def test_what_makes_a_cell_inert_is_taken_back(text):
    assert csv_files.unescape_formula(csv_files.escape_formula(text)) == text


def test_a_file_that_makes_nothing_inert_is_read_as_it_is(run: Run):
    run([["name", "slug", "price", "description"], ["=A1", "a", "1", "-5 degrees"]])
    [product] = Product.objects.all()
    assert (product.name, product.description) == ("=A1", "-5 degrees")


def test_the_back_office_exports_what_its_list_shows(manager):
    office = office_of(manager)
    for name, left in (("=Low", 1), ("High", 99)):
        make_product(name=name, inventory=left)
    response = office.get(url(Product, "export"), {"stock": "low"})
    assert response["Content-Disposition"] == 'attachment; filename="products.csv"'
    text = b"".join(response.streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["name"], row["inventory"]) == ("'=Low", "1")
    everything_there = b"".join(office.get(url(Product, "export")).streaming_content).decode()
    assert everything_there == exported()


def test_the_list_links_to_the_export_of_what_it_shows(manager):
    page = office_of(manager).get(url(Product, "changelist"), {"stock": "low"}).content.decode()
    assert f'href="{url(Product, "export")}?stock=low"' in page


def test_who_may_not_see_products_gets_no_export(support):
    assert office_of(support).get(url(Product, "export")).status_code == 403


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
