"""A batch of an import: its commands, its transaction, and what happens when that is refused or aborted."""

from decimal import Decimal
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from catalog import services, stock
from catalog.csv import importing
from catalog.csv.entry import Entry
from catalog.csv.planning import ImportOptions
from catalog.models import Category, Product, StockMovement
from ecommerce.core.db import transactions
from tests.support.factories import product as make_product
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


def entry(number: int, *, quantity: int = 5, product_id: int | None = None, **fields: Any) -> Entry:
    fields = {"name": f"Cup {number}", "price": Decimal(number), **fields}
    slug = f"cup-{number}"
    return Entry(line=number, source=slug, slug=slug, fields=fields, quantity=quantity, product_id=product_id)


def write(*entries: Entry) -> list[str]:
    """Import the entries with their stock, and return what was done with each, or why nothing."""
    results: list[Any] = []
    importing.write(entries, report=results.append, options=ImportOptions(set_stock=True))
    assert [result.line for result in results] == [each.line for each in entries]
    return [getattr(result, "action", getattr(result, "reason", "")) for result in results]


@pytest.fixture
def commands(sent):
    """A function that returns the commands of an import after it has read the categories."""

    def of_import(*entries):
        first, *others = sent(lambda: write(*entries))
        assert first == "aggregate categories"
        return others

    return of_import


class TestCommands:
    @pytest.mark.parametrize("number", [2, 400])
    def test_new_products_with_new_categories_need_eight(self, commands, fsck, number):
        make_product(product_id=1000)  # the first one in a shop also creates the counter
        entries = [entry(n, product_id=n, category=f"Kind {n % 7}") for n in range(1, number + 1)]
        assert commands(*entries) == [
            "aggregate products",
            "findAndModify counters",
            "insert products",
            "insert stock_movements",
            "insert categories",
            "delete old_slugs",
            "insert audit_entries",
            "commitTransaction 1",
        ]
        fsck()

    @pytest.mark.parametrize("number", [2, 100])
    def test_changes_with_stock_need_five(self, commands, fsck, number):
        write(*(entry(n) for n in range(1, number + 1)))
        entries = [entry(n, quantity=9, name=f"Mug {n}") for n in range(1, number + 1)]
        assert commands(*entries) == [
            "aggregate products",
            "update products",
            "insert stock_movements",
            "insert audit_entries",
            "commitTransaction 1",
        ]
        assert set(Product.objects.values_list("inventory", flat=True)) == {9}
        fsck()

    def test_new_changed_and_unchanged_products_together_need_eight(self, commands, fsck):
        write(*(entry(n, category="Kitchen") for n in range(1, 7)))
        changed = [entry(n, quantity=9, product_id=n, category="Kitchen") for n in range(1, 4)]
        new = [entry(n, product_id=n) for n in (10, 11)] + [entry(12)]
        assert len(commands(*changed, entry(5), *new)) == 8
        fsck()

    def test_unchanged_products_need_two(self, commands):
        entries = [entry(n) for n in range(1, 30)]
        write(*entries)
        assert commands(*entries) == ["aggregate products", "commitTransaction 1"]


def test_new_products_get_numbers_above_those_of_the_file_and_of_all_former_products(fsck):
    services.delete_product(pk=make_product(product_id=40).pk)
    write(entry(1), entry(2, product_id=7), entry(3))
    write(entry(4), entry(5, product_id=90), entry(6))
    numbers = dict(Product.objects.values_list("slug", "product_id"))
    assert numbers == {"cup-1": 41, "cup-2": 7, "cup-3": 42, "cup-4": 91, "cup-5": 90, "cup-6": 92}
    fsck()


def test_a_batch_ends_early_if_its_texts_are_long(monkeypatch, sent):
    monkeypatch.setattr(importing, "BATCH_TEXT", 1000)
    entries = [entry(n, description="x" * 600) for n in range(1, 6)]
    assert sent(lambda: write(*entries)).count("commitTransaction 1") == 3


class TestSplitting:
    @pytest.fixture(autouse=True)
    def short_deadline(self, monkeypatch):
        monkeypatch.setattr(transactions, "FUNCTION_DEADLINE_S", 0.05)

    @pytest.fixture
    def aborted(self, monkeypatch):
        """Let the database abort transactions of more than three products, and return how many each had."""
        sizes, write_products = [], services.write_products

        def abort_large(*, new, **options):
            write_products(new=new, **options)
            sizes.append(len(new))
            if len(new) > 3:
                error = OperationFailure("The transaction took too long.", 251)
                error._add_error_label("TransientTransactionError")
                raise error

        monkeypatch.setattr(services, "write_products", abort_large)
        return sizes

    def test_a_batch_whose_transaction_is_aborted_is_written_in_halves(self, aborted, fsck):
        assert write(*(entry(n, category=f"Kind {n}") for n in range(1, 11))) == ["created"] * 10
        assert list(dict.fromkeys(aborted)) == [10, 5, 2, 1]
        assert Product.objects.count() == StockMovement.objects.count() == Category.objects.count() == 10
        fsck()

    def test_only_what_the_database_refuses_is_rejected(self, monkeypatch, fsck):
        make_product(product_id=7)
        # As if another process created the product between the comparison and the write.
        monkeypatch.setattr("catalog.csv.planning._conflict", lambda *args: "")
        done = write(*(entry(n, product_id=n) for n in range(1, 11)))
        assert [n for n, action in enumerate(done, 1) if action != "created"] == [7]
        assert done[6] == "another product has this slug or product_id"
        fsck()

    @pytest.mark.parametrize("names", ["A", "AB"])
    def test_a_category_that_is_created_meanwhile_is_no_reason_to_reject(self, monkeypatch, fsck, names):
        plans = importing.plans

        def with_another_writer(*args):
            at_once(
                1, lambda: services.create_product(name="Pot", slug="pot", price=Decimal(1), category="A")
            )
            return plans(*args)

        monkeypatch.setattr(importing, "plans", with_another_writer)
        entries = [entry(number, category=name) for number, name in enumerate(names, 1)]
        assert write(*entries) == ["created"] * len(names)
        assert set(Category.objects.values_list("name", flat=True)) == set(names)
        fsck()


class TestStockBesideSales:
    @pytest.fixture
    def sold_meanwhile(self, monkeypatch):
        """A product with stock 10, of which 2 are sold between the read and the write of the import."""
        cup, read, sales = make_product(slug="cup-1", inventory=10), importing.plans, [2]

        def with_a_sale(*args):
            planned = list(read(*args))
            if sales:
                at_once(1, lambda: services.update_product(pk=cup.pk, inventory_delta=-sales.pop()))
            return planned

        monkeypatch.setattr(importing, "plans", with_a_sale)
        return cup

    def test_the_stock_is_what_the_file_says_and_the_sum_of_its_movements(self, sold_meanwhile, fsck):
        assert write(entry(1, quantity=30)) == ["updated"]
        moved = StockMovement.objects.filter(product=sold_meanwhile.pk).order_by("pk")
        assert list(moved.values_list("quantity", flat=True)) == [10, -2, 22]
        assert Product.objects.get().inventory == 30
        fsck()

    def test_without_transaction_and_condition_the_sale_is_lost(self, sold_meanwhile, fsck, monkeypatch):
        monkeypatch.setattr(importing, "run_tx", lambda change: change())
        change = stock._change

        def unconditional(*args):
            command = change(*args)
            command._filter.pop("inventory", None)
            return command

        monkeypatch.setattr(stock, "_change", unconditional)
        write(entry(1, quantity=30))
        assert Product.objects.get().inventory != 30
