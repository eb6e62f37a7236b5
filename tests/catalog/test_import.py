"""import_products with our own columns, and the rules for every format."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.csv import importing
from catalog.csv.table import MAX_CELL
from catalog.models import MAX_INVENTORY, Category, Product, StockMovement
from catalog.queries import get_product
from catalog.services import update_product
from tests.catalog.csvfiles import Run, get, run, slugs
from tests.support.factories import product as make_product

__all__ = ["run"]
pytestmark = pytest.mark.django_db
HEADER = "name,slug,price"
BATCH = 20
CUP = "Cup,cup,4.50"


def of(**cells: str) -> str:
    """Return a file of one product with these cells besides the required ones."""
    row = {"name": "Cup", "slug": "cup", "price": "4.50"} | cells
    return ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values())


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(importing, "BATCH", BATCH)


def test_it_creates_products_with_their_stock_and_the_next_free_product_ids(run: Run, fsck):
    make_product(product_id=7)
    printed = run(f"{HEADER},inventory\n{CUP},12\nBowl,bowl,8,")
    assert printed == "2 created, 0 updated, 0 unchanged, 0 rejected.\n"
    cup, bowl = get("cup"), get("bowl")
    assert (cup.product_id, cup.price, cup.inventory) == (8, Decimal("4.50"), 12)
    assert (bowl.product_id, bowl.price, bowl.inventory) == (9, Decimal("8.00"), 0)
    assert cup.is_active
    fsck()


def test_a_repeated_import_changes_nothing(run: Run):
    file = of(description="Holds coffee", category="Kitchen", compare_at_price="6", is_active="false")
    run(file)
    before = list(Product.objects.values()), StockMovement.objects.count()
    assert run(file) == "0 created, 0 updated, 1 unchanged, 0 rejected.\n"
    assert (list(Product.objects.values()), StockMovement.objects.count()) == before


def test_it_updates_by_slug_and_only_the_fields_with_a_column(run: Run, fsck):
    make_product(slug="cup", description="Mine", category="Kitchen", is_active=False, inventory=3)
    assert run(f"{HEADER}\n{CUP}") == "0 created, 1 updated, 0 unchanged, 0 rejected.\n"
    cup = get("cup")
    assert (cup.name, cup.price) == ("Cup", Decimal("4.50"))
    assert (cup.description, cup.category, cup.is_active, cup.inventory) == ("Mine", "Kitchen", False, 3)
    fsck()


def test_an_empty_cell_empties_the_field(run: Run):
    make_product(slug="cup", description="Old", category="Kitchen", compare_at_price=Decimal(9))
    run(of(description="", category="", compare_at_price=""))
    cup = get("cup")
    assert (cup.description, cup.category, cup.compare_at_price) == (None, None, None)


def test_an_update_does_not_change_the_stock(run: Run, fsck):
    make_product(slug="cup", inventory=3)
    run(of(inventory="50"))
    assert get("cup").inventory == 3
    fsck()


def test_set_stock_sets_the_stock_and_records_the_difference(run: Run, fsck):
    cup = make_product(slug="cup", name="Cup", price=Decimal("4.50"), inventory=3)
    assert "1 updated" in run(of(inventory="50"), set_stock=True)
    assert get("cup").inventory == 50
    assert StockMovement.objects.filter(product=cup.pk, quantity=47, reason="adjustment").count() == 1
    assert "1 unchanged" in run(of(inventory="50"), set_stock=True)
    fsck()


def test_set_stock_ignores_an_empty_cell(run: Run):
    make_product(slug="cup", name="Cup", price=Decimal("4.50"), inventory=3)
    assert "1 unchanged" in run(of(inventory=""), set_stock=True)


def test_categories_get_their_pages(run: Run):
    run(of(category="Kitchen & Bar"))
    assert Category.objects.get(name="Kitchen & Bar").slug == "kitchen-bar"


def test_pages_show_an_import_at_once(run: Run):
    run(f"{HEADER}\n{CUP}")
    assert get_product("cup")["price"] == Decimal("4.5")
    run(f"{HEADER}\nCup,cup,5")
    assert get_product("cup")["price"] == Decimal(5)


def test_the_cache_is_invalidated_once_and_only_after_changes(run: Run, small_batches, monkeypatch):
    invalidations = []
    monkeypatch.setattr("catalog.cache.products_changed", lambda: invalidations.append(1))
    file = HEADER + ",category" + "".join(f"\nCup {n},cup-{n},1,Kind {n % 3}" for n in range(BATCH + 5))
    run(file)
    assert len(invalidations) == 1
    run(file)
    assert len(invalidations) == 1


def test_the_last_line_of_a_repeated_product_counts(run: Run):
    assert run(f"{HEADER}\n{CUP}\nMug,mug,1\nCup,cup,5") == "2 created, 1 updated, 0 unchanged, 0 rejected.\n"
    assert get("cup").price == Decimal(5)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"name": ""}, "name: This field cannot be blank."),
        ({"name": "x" * 201}, "name: Ensure this value has at most 200 characters (it has 201)."),
        ({"slug": ""}, "slug: This field cannot be blank."),
        ({"slug": "a cup"}, "slug: Use letters, digits and hyphens only."),
        ({"price": ""}, "there is no price"),
        ({"price": "-1"}, "the price '-1' is negative"),
        ({"price": "0"}, "price: Ensure this value is greater than or equal to 0.01."),
        ({"price": "abc"}, "the price 'abc' is not a number such as 12.50"),
        ({"price": "$5"}, "the price '$5' is not a number such as 12.50"),
        ({"price": "4,50"}, "the price '4,50' is not a number such as 12.50"),
        ({"price": "NaN"}, "the price 'NaN' is not a number such as 12.50"),
        ({"price": "1e3"}, "the price '1e3' is not a number such as 12.50"),
        ({"price": "٣"}, "the price '٣' is not a number such as 12.50"),
        ({"price": "1.005"}, "the price 1.005 is above 9999999.99 or has more than two decimals"),
        ({"price": "10000000"}, "the price 10000000 is above 9999999.99 or has more than two decimals"),
        ({"compare_at_price": "x"}, "the compare-at price 'x' is not a number such as 12.50"),
        ({"inventory": "-1"}, "the quantity '-1' is negative"),
        ({"inventory": "1.5"}, "the quantity '1.5' is not a whole number"),
        ({"inventory": "many"}, "the quantity 'many' is not a whole number"),
        ({"inventory": str(MAX_INVENTORY + 1)}, "the quantity 1000001 is above 1000000"),
        ({"is_active": "maybe"}, "is_active is 'maybe', which is neither true nor false"),
        ({"product_id": "0"}, "the product_id '0' is not a whole number from 1 to 2147483647"),
        ({"product_id": "9" * 30}, f"the product_id '{'9' * 30}' is not a whole number from 1 to 2147483647"),
        ({"category": "x" * 101}, "category: Ensure this value has at most 100 characters (it has 101)."),
        ({"description": "x" * 20_001}, "the description has more than 20000 characters"),
        ({"image": "https://"}, "image: Enter a valid URL."),
        ({"image": "javascript:alert(1)"}, "image: Give an address that begins with https://, or"),
        ({"image": "img/products/no-such.svg"}, "image: Give an address that begins with https://, or"),
        ({"image": "../../etc/passwd"}, "image: Give an address that begins with https://, or"),
        ({"name": "C\0p"}, "holds a NUL character"),
    ],
)
def test_an_invalid_cell_rejects_its_line(run: Run, cells, reason):
    printed = run(of(**cells) + "\nBowl,bowl,8")
    assert printed.startswith(f"line 2: {reason}")
    assert printed.endswith("1 created, 0 updated, 0 unchanged, 1 rejected.\n")
    assert slugs() == ["bowl"]


def test_pictures_are_urls_or_files_of_the_shop(run: Run):
    shipped = "img/products/yoga-mat-premium.svg"
    run(f"{HEADER},image\n{CUP},https://cdn.example.com/cup.jpg?v=1\nMat,mat,9,{shipped}")
    assert (get("cup").image, get("mat").image) == ("https://cdn.example.com/cup.jpg?v=1", shipped)


def test_a_product_id_of_another_product_rejects_the_line(run: Run, fsck):
    make_product(slug="bowl", product_id=7)
    assert "line 2: the product_id 7 is that of bowl" in run(of(product_id="7"))
    twice = f"{HEADER},product_id\n{CUP},8\nMug,mug,1,8"
    assert "line 3: the product_id 8 is that of cup" in run(twice)
    assert slugs() == ["bowl", "cup"]
    fsck()


def test_a_product_keeps_its_product_id(run: Run):
    make_product(slug="cup", product_id=7)
    assert "line 2: cup has the product_id 7, which stays as it is" in run(of(product_id="9"))


def test_a_refusal_by_the_database_rejects_only_its_line(run: Run, monkeypatch, fsck):
    make_product(slug="bowl", product_id=7)
    # As if another process created the product between the comparison and the write.
    monkeypatch.setattr("catalog.csv.planning._conflict", lambda *args: "")
    printed = run(f"{HEADER},product_id\n{CUP},\nMug,mug,1,7\nJug,jug,2,")
    assert printed.splitlines() == [
        "line 3: another product has this slug or product_id",
        "2 created, 0 updated, 0 unchanged, 1 rejected.",
    ]
    assert slugs() == ["bowl", "cup", "jug"]
    fsck()


def test_more_products_than_a_batch_are_imported(run: Run, small_batches, fsck):
    rows = [f"Cup {n},cup-{n},{n + 1}" for n in range(2 * BATCH + 1)]
    assert f"{2 * BATCH + 1} created" in run("\n".join([HEADER, *rows]))
    fsck()


def test_a_dry_run_prints_the_changes_and_makes_none(run: Run):
    make_product(slug="bowl", name="Bowl", price=Decimal("8.00"))
    make_product(slug="mug", name="Mug", price=Decimal(1))
    before = list(Product.objects.values()), list(Category.objects.values())
    file = f"{HEADER},category\n{CUP},Bar\nBowl,bowl,9,\nMug,mug,1,\nJug,jug,,"
    assert run(file, dry_run=True).splitlines() == [
        "line 2: cup would be created",
        "line 3: bowl would be updated price from 8.00 to 9.00",
        "line 5: there is no price",
        "A dry run: nothing was changed. 1 created, 1 updated, 1 unchanged, 1 rejected.",
    ]
    assert (list(Product.objects.values()), list(Category.objects.values())) == before


def test_an_interrupted_import_keeps_its_changes_and_invalidates_the_cache(
    run: Run, small_batches, monkeypatch, fsck
):
    rows = [f"Cup {n},cup-{n},{n + 1}" for n in range(BATCH + 1)]
    update_product(pk=make_product(slug="cup-0").pk, price=Decimal(99))
    assert get_product("cup-0")["price"] == Decimal(99)
    batches = importing._batches

    def interrupted(*args):
        yield next(batches(*args))
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "_batches", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("\n".join([HEADER, *rows]))
    assert Product.objects.count() == BATCH
    assert get_product("cup-0")["price"] == Decimal(1)
    fsck()


def test_columns_may_have_any_order_and_unknown_ones_are_ignored(run: Run):
    run("price,colour,slug,weight,name\n4.50,red,cup,3,Cup")
    assert (get("cup").name, get("cup").price) == ("Cup", Decimal("4.50"))


def test_quotes_commas_newlines_and_unicode_are_kept(run: Run):
    run(f'{HEADER},description\n"Cup, ""big"" ☕",cup,4.50,"One\r\ntwo, ""three"""\nBowl,bowl,x')
    assert get("cup").name == 'Cup, "big" ☕'
    assert get("cup").description == 'One\r\ntwo, "three"'


def test_line_numbers_are_those_of_the_file(run: Run):
    printed = run(f'{HEADER},description\n\n{CUP},"two\nlines"\n,,,\nMug,mug,x,\nJug,jug,y,"a\nb"\nPot,pot,z')
    assert [line.split(":")[0] for line in printed.splitlines()[:-1]] == ["line 6", "line 7", "line 9"]


def test_empty_lines_are_skipped_silently(run: Run):
    assert run(f"{HEADER}\n\n,,\n  , ,\n{CUP}\n\n") == "1 created, 0 updated, 0 unchanged, 0 rejected.\n"


@pytest.mark.parametrize(
    "file",
    [
        "\ufeffname,slug,price\r\nCup,cup,4.50\r\n",
        "name,slug,price\rCup,cup,4.50\r",
        '"name","slug","price"\n"Cup","cup","4.50"',
        " name , slug , price \n Cup , cup , 4.50 \n",
    ],
    ids=["BOM and CRLF", "old Mac line ends", "all quoted", "spaces"],
)
def test_it_reads_the_dialects_of_common_programs(run: Run, file):
    assert "1 created" in run(file)
    assert (get("cup").name, get("cup").price) == ("Cup", Decimal("4.50"))


def test_only_lines_that_are_not_utf_8_are_rejected(run: Run):
    printed = run(f"{HEADER}\nCaf\xe9,cafe,1\n{CUP}".encode("latin-1"))
    assert "line 2: is not UTF-8 text (save the file as CSV UTF-8)" in printed
    assert slugs() == ["cup"]


def test_an_unclosed_quote_rejects_only_its_line(run: Run):
    printed = run(f'{HEADER}\n"Mug,mug,1\n{CUP}\n"Jug",jug,2\n"Pot,pot,3\n')
    reason = "has a quotation mark that is not closed or stands in the middle of a cell"
    assert printed.splitlines() == [
        f"line 2: {reason}",
        f"line 5: {reason}",
        "2 created, 0 updated, 0 unchanged, 2 rejected.",
    ]


def test_a_huge_cell_rejects_only_its_line(run: Run):
    printed = run(f"{HEADER}\n{'x' * (MAX_CELL + 1)},mug,1\n{CUP}")
    assert "line 2: has a cell of more than 131072 characters" in printed
    assert slugs() == ["cup"]


def test_a_line_with_more_cells_than_columns_is_rejected(run: Run):
    assert "line 2: has more cells than the header" in run(f"{HEADER}\nCup, blue,cup,4.50")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty."),
        (
            "name,price\nCup,1",
            "The header has neither our columns (name, slug, price) nor those of a Shopify",
        ),
        ("name;slug;price\nCup;cup;1", "The header has neither our columns"),
        ("name,slug,price,price\nCup,cup,1,2", "The header names the column price more than once."),
        (f"{HEADER}\n{CUP}".encode("utf-16"), "The header, line 1, is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "The header, line 1, is not UTF-8 text"),
    ],
    ids=["empty", "no slug", "semicolons", "twice", "UTF-16", "a picture"],
)
def test_a_file_without_a_catalogue_is_refused(run: Run, content, message):
    with pytest.raises(CommandError) as refusal:
        run(content)
    assert str(refusal.value).startswith(message)
    assert refusal.value.returncode == 1


def test_control_characters_are_not_printed(run: Run):
    assert "line 2: the price '?[2Jfree' is not a number" in run(of(price="\x1b[2Jfree"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(CommandError, match=r"none.csv cannot be read: No such file or directory\."):
        call_command("import_products", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match=r"cannot be read: Is a directory\."):
        call_command("import_products", str(tmp_path))
