"""import_products with Shopify's product export."""

from decimal import Decimal

import pytest

from catalog.csv import shopify_format
from catalog.csv.plain_text import plain_text
from catalog.models import Product
from tests.catalog.csvfiles import Run, get, run, slugs
from tests.support.factories import product as make_product

__all__ = ["run"]
pytestmark = pytest.mark.django_db
COLUMNS = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Published", "Option1 Name", "Option1 Value"),
    *("Option2 Value", "Variant SKU", "Variant Inventory Qty", "Variant Price", "Variant Compare At Price"),
    *("Image Src", "Variant Image", "Status"),
]
SHORT = {
    "handle": "Handle",
    "title": "Title",
    "body": "Body (HTML)",
    "type": "Type",
    "published": "Published",
    "option": "Option1 Value",
    "second_option": "Option2 Value",
    "qty": "Variant Inventory Qty",
    "price": "Variant Price",
    "compare_at": "Variant Compare At Price",
    "picture": "Image Src",
    "variant_picture": "Variant Image",
    "status": "Status",
}
PICTURE = "https://cdn.example.com/{}.jpg"


def line(**cells: str) -> list[str]:
    by_column = {SHORT[name]: cell for name, cell in cells.items()}
    return [by_column.get(column, "") for column in COLUMNS]


def table(*lines: list[str]) -> list[list[str]]:
    return [COLUMNS, *lines]


ring = {"handle": "ring", "title": "Ring", "price": "20"}


def test_a_handle_with_one_variant_becomes_the_slug(run: Run, fsck):
    file = table(
        line(
            **ring,
            body="<p>Plain.</p>",
            type="Rings",
            published="true",
            option="Gold",
            qty="4",
            compare_at="25",
        )
    )
    assert run(file) == "1 created, 0 updated, 0 unchanged, 0 rejected.\n"
    product = get("ring")
    assert (product.name, product.description, product.category) == ("Ring", "Plain.", "Rings")
    assert (product.price, product.compare_at_price) == (Decimal(20), Decimal(25))
    assert (product.inventory, product.is_active) == (4, True)
    fsck()


def test_a_handle_with_several_becomes_a_product_a_variant(run: Run):
    run(
        table(
            line(**ring, body="Round", type="Rings", option="Gold", second_option="Size 9", qty="1"),
            line(handle="ring", option="Rosé", second_option="8½", price="21.50", qty="2"),
        )
    )
    gold, rose = Product.objects.order_by("product_id")
    assert (gold.slug, gold.name) == ("ring-gold-size-9", "Ring - Gold / Size 9")
    assert (rose.slug, rose.name) == ("ring-rose-812", "Ring - Rosé / 8½")
    assert (rose.description, rose.category, rose.price, rose.inventory) == (
        "Round",
        "Rings",
        Decimal("21.50"),
        2,
    )


def test_a_second_time_changes_nothing(run: Run):
    file = table(
        line(**ring, body="<ul><li>a</li></ul>", option="Gold", qty="1", picture=PICTURE.format(1)),
        line(handle="ring", option="Silver", price="18", qty="2"),
        line(handle="ring", picture=PICTURE.format(2)),
        line(handle="Odd_handle", title="Odd", price="1"),
    )
    run(file)
    assert run(file) == "0 created, 0 updated, 3 unchanged, 0 rejected.\n"


def test_only_handle_title_and_price_are_needed(run: Run):
    make_product(slug="ring", description="Mine", category="Mine", image=PICTURE.format(0), is_active=False)
    run("Variant Price,Handle,Title\n20,ring,Ring\n5,pin,Pin\n")
    assert (get("ring").price, get("pin").price) == (Decimal(20), Decimal(5))
    assert (get("ring").description, get("ring").category, get("ring").is_active) == ("Mine", "Mine", False)
    assert get("ring").image == PICTURE.format(0)


@pytest.mark.parametrize(
    ("cells", "visible"),
    [
        ({"published": "false"}, False),
        ({"published": "FALSE"}, False),
        ({"published": "true", "status": "active"}, True),
        ({"published": "true", "status": "draft"}, False),
        ({"status": "archived"}, False),
        ({}, True),
    ],
)
def test_what_is_not_published_or_not_active_comes_in_hidden(run: Run, cells, visible):
    run(table(line(**ring, **cells, option="Gold"), line(handle="ring", option="Silver", price="1")))
    assert {product.is_active for product in Product.objects.all()} == {visible}


def test_a_line_with_neither_title_nor_price_only_brings_a_picture(run: Run):
    run(table(line(**ring), line(handle="ring", picture=PICTURE.format(1)), line(handle="ring")))
    assert slugs() == ["ring"]
    assert get("ring").image == PICTURE.format(1)


def test_a_variant_shows_its_own_picture_or_the_first_of_the_handle(run: Run):
    run(
        table(
            line(**ring, option="Gold", picture=PICTURE.format("first")),
            line(handle="ring", option="Silver", price="1", variant_picture=PICTURE.format("silver")),
            line(handle="ring", option="Steel", price="1", picture=PICTURE.format("third")),
        )
    )
    pictures = dict(Product.objects.values_list("slug", "image"))
    assert pictures["ring-gold"] == pictures["ring-steel"] == PICTURE.format("first")
    assert pictures["ring-silver"] == PICTURE.format("silver")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"price": ""}, "there is no price"),
        ({"price": "free"}, "the price 'free' is not a number such as 12.50"),
        ({"price": "-2"}, "the price '-2' is negative"),
        ({"qty": "-3"}, "the quantity '-3' is negative"),
        ({"qty": "lots"}, "the quantity 'lots' is not a whole number"),
        ({"compare_at": "was 9"}, "the compare-at price 'was 9' is not a number such as 12.50"),
        ({"published": "soon"}, "Published is 'soon', which is neither true nor false"),
        ({"title": ""}, "there is no title, here or on the handle's first line"),
        ({"handle": ""}, "there is no handle"),
        ({"title": "x" * 201}, "name: Ensure this value has at most 200 characters"),
        ({"handle": "x" * 201}, "slug: Ensure this value has at most 200 characters"),
        ({"picture": "file:///etc/passwd"}, "image: Give an address"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_go_in(run: Run, cells, reason):
    printed = run(table(line(handle="pin", title="Pin", price="5"), line(**(ring | cells))))
    assert printed.startswith(f"line 3: {reason}")
    assert printed.endswith("1 created, 0 updated, 0 unchanged, 1 rejected.\n")
    assert slugs() == ["pin"]


def test_a_rejected_variant_changes_no_slug_and_the_others_inherit_from_it(run: Run):
    printed = run(
        table(line(**(ring | {"price": "?"}), option="Gold"), line(handle="ring", option="Tin", price="2"))
    )
    assert printed.startswith("line 2: the price '?'")
    assert slugs() == ["ring-tin"]
    assert get("ring-tin").name == "Ring - Tin"


def test_pictures_without_a_product_are_rejected(run: Run):
    printed = run(table(line(handle="ring", picture=PICTURE.format(1)), line(handle="ring")))
    assert printed.startswith("line 2: there is neither a title nor a price on any line of the handle")


def test_variants_without_an_option_cannot_be_told_apart(run: Run):
    printed = run(table(line(**ring, option="Gold"), line(handle="ring", price="2")))
    assert printed.startswith("line 3: there is no option value to tell it from the handle's other variants")
    assert slugs() == ["ring-gold"]


def test_variants_that_come_to_one_slug_are_rejected(run: Run):
    printed = run(table(line(**ring, option="A+"), line(handle="ring", option="A-", price="2")))
    assert printed.startswith("line 3: the slug ring-a is that of another variant of the handle")
    assert slugs() == ["ring-a"]


def test_handles_that_come_to_one_slug_are_rejected(run: Run):
    printed = run(table(line(**ring | {"handle": "café"}), line(**ring | {"handle": "cafe"})))
    assert printed.startswith("line 3: the slug cafe is that of café on line 2")
    assert printed.endswith("1 created, 0 updated, 0 unchanged, 1 rejected.\n")


@pytest.mark.parametrize(
    ("handle", "slug"), [("Blue-Ring", "Blue-Ring"), ("blue_ring.2", "blue-ring2"), ("anéis", "aneis")]
)
def test_handles_become_slugs(run: Run, handle, slug):
    run(table(line(**ring | {"handle": handle})))
    assert slugs() == [slug]


def test_a_handle_without_latin_letters_gets_a_slug_that_stays(run: Run):
    file = table(line(**ring | {"handle": "指輪"}), line(**ring | {"handle": "首飾り"}))
    assert run(file).startswith("2 created")
    assert run(file).startswith("0 created, 0 updated, 2 unchanged")


def test_all_empty_lines_are_skipped_in_silence(run: Run):
    printed = run(
        table(line(**ring, option="Gold"), line(), line(handle="ring", option="Tin", price="2"), line())
    )
    assert printed == "2 created, 0 updated, 0 unchanged, 0 rejected.\n"


def test_a_handle_of_too_many_lines_is_cut(run: Run, monkeypatch):
    monkeypatch.setattr(shopify_format, "MAX_LINES", 2)
    printed = run(table(line(**ring), *[line(handle="ring", picture=PICTURE.format(n)) for n in range(2)]))
    assert printed.startswith("line 4: the handle has more than 2 lines")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One</p>\n\n<p>Two<br>three</p>", "One\n\nTwo\nthree"),
        (
            "Chain. <ul>\n<li>14k <b>gold</b></li>\n<li><p>4 &gt; 3</p></li>\n</ul>",
            "Chain.\n\n- 14k gold\n- 4 > 3",
        ),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ('a<script>alert(1)</script> <img src=x onerror="alert(1)"> b<style>p{}</style>', "a b"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("no tags\nbut lines & more", "no tags\nbut lines & more"),
        ("<p>&nbsp;</p>", None),
        ("", None),
    ],
)
def test_vendor_html_becomes_plain_text(body, text):
    assert plain_text(body) == text
