"""Every search uses the index, and every change of a name updates the stored search terms."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q

from catalog import queries, search, services
from catalog.categories import update_category
from catalog.csv.entry import Entry
from catalog.csv.importing import write
from catalog.csv.planning import ImportOptions
from catalog.models import Category, Counter, Product
from catalog.queries import ProductQuery
from catalog.search import indexing, parts
from ecommerce.core.errors import DomainError
from tests.catalog.many import make_products
from tests.support.admin_pages import Form, office_of, url
from tests.support.factories import product
from tests.support.query_plans import plan_of
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
INDEX = "products_search"
PRODUCTS = 500


@pytest.fixture
def catalogue(db):
    make_products(PRODUCTS)


@pytest.fixture
def querysets(monkeypatch):
    """Collect every queryset that the fuzzy search reads."""
    seen = []
    candidates, exact = parts._candidates, parts._exact_matches

    def spy(rows):
        seen.append(rows)
        return rows

    monkeypatch.setattr(parts, "_exact_matches", lambda *args: spy(exact(*args)))
    monkeypatch.setattr(parts, "_candidates", lambda *args: (spy(rows) for rows in candidates(*args)))
    return seen


def with_typo(word):
    return word[0] + word[2] + word[1] + word[3:]


class TestTheIndex:
    def test_a_search_examines_only_what_it_finds(self, catalogue):
        brand = Product.objects.get(product_id=7).name.split()[0]
        for text in (
            brand,
            brand[1:5],
            "apto",
            f"{brand} ",
            "Q",
            "zz",
            "Laptop Desk",
            "no such thing at all",
        ):
            for filters in ({}, {"category": "Garden", "in_stock": True}, {"max_price": Decimal(300)}):
                plan = plan_of(queries.matching(ProductQuery(q=text, **filters)).rows)
                assert plan.index == INDEX, (text, filters)
                unfiltered = queries.matching(ProductQuery(q=text)).rows.count()
                assert plan.returned <= plan.examined == unfiltered, (text, filters)

    def test_words_and_typos_use_it_too(self, catalogue, querysets):
        brand, other, *_ = Product.objects.get(product_id=7).name.split()
        for text in (
            f"{brand} {other}",
            with_typo(brand),
            f"lamp {with_typo(brand)}",
            with_typo(other),
        ):
            queries.matching(ProductQuery(q=text, fuzzy=True))
            assert querysets, text
            while querysets:
                plan = plan_of(rows := querysets.pop())
                assert plan.index == INDEX, (text, rows.query)
                assert plan.examined < PRODUCTS / 10, text

    def test_a_plain_pattern_scans_everything(self, catalogue):
        rows = Product.objects.filter(Q(name__icontains="apto") | Q(category__icontains="apto"))
        plan = plan_of(rows)
        assert (plan.index, plan.examined) == (None, PRODUCTS)


def entry(slug, **fields):
    return Entry(line=2, source=slug, slug=slug, quantity=1, fields={"price": Decimal(5), **fields})


def import_entries(*entries):
    write(entries, report=lambda result: None, options=ImportOptions())


def found(text):
    return {match.name for match in queries.matching(ProductQuery(q=text)).rows}


def renamed_by_the_service(row, staff):
    services.update_product(pk=row.pk, name="Kettle")


def renamed_by_the_admin(row, staff):
    Form(office_of(staff), url(Product, "change", row.pk)).send(name="Kettle")


def renamed_by_the_import(row, staff):
    import_entries(entry("tea-pot", name="Kettle"))


@pytest.mark.parametrize("rename", [renamed_by_the_service, renamed_by_the_admin, renamed_by_the_import])
def test_a_renamed_product_is_found_only_by_its_new_name(staff, fsck, rename):
    row = product(name="Tea Pot", slug="tea-pot", category="Kitchen")
    rename(row, staff)
    assert (found("kettle"), found("tea"), found("kitchen")) == ({"Kettle"}, set(), {"Kettle"})
    assert queries.matching(ProductQuery(q="ketlte", fuzzy=True)).rows.count() == 1
    fsck()


def test_imported_products_are_found(fsck):
    import_entries(entry("tea", name="Tea Pot"), entry("kettle", name="Kettle", category="Kitchen"))
    assert (found("tea"), found("kitchen")) == ({"Tea Pot"}, {"Kettle"})
    fsck()


def test_products_are_found_by_the_new_name_of_their_category(fsck):
    for name in ("Tea Pot", "Kettle"):
        product(name=name, category="Kitchen")
    product(name="Lamp", category="Lighting")
    update_category(pk=Category.objects.get(name="Kitchen").pk, name="Cooking")
    assert (found("cooking"), found("kitchen")) == ({"Tea Pot", "Kettle"}, set())
    fsck()


def test_a_failed_rename_leaves_the_search_unchanged(fsck):
    product(slug="taken")
    row = product(name="Tea Pot")
    with pytest.raises(DomainError):
        services.update_product(pk=row.pk, name="Kettle", slug="taken")
    assert (found("kettle"), found("tea")) == (set(), {"Tea Pot"})
    fsck()


@pytest.fixture
def concurrent_move(monkeypatch):
    """Let another writer change the product's category between the read and the write of a rename."""
    with_terms, others = indexing.with_terms, [{"category": "Cooking"}]

    def with_terms_and_a_move(row, *, changes):
        fields = with_terms(row, changes=changes)
        if others:
            other = others.pop()
            at_once(1, lambda: services.update_product(pk=row.pk, **other))
        return fields

    monkeypatch.setattr(indexing, "with_terms", with_terms_and_a_move)


def test_a_product_is_found_after_concurrent_changes_of_name_and_category(concurrent_move, fsck):
    services.update_product(pk=product(name="Tea Pot", category="Kitchen").pk, name="Kettle")
    assert (found("kettle"), found("cooking"), found("kitchen")) == ({"Kettle"}, {"Kettle"}, set())
    fsck()


def test_without_a_transaction_one_of_two_concurrent_changes_is_lost(concurrent_move, monkeypatch, fsck):
    row = product(name="Tea Pot", category="Kitchen")
    monkeypatch.setattr(services, "run_tx", lambda change: change())
    services.update_product(pk=row.pk, name="Kettle")
    with pytest.raises(CommandError):
        fsck()


def test_fsck_reports_stale_search_terms():
    Product.objects.filter(pk=product(slug="pot").pk).update(name="Kettle")
    with pytest.raises(CommandError):
        call_command("fsck")


class TestAnotherVersionOfTerms:
    def test_prepare_stores_their_terms_once(self, settings, capsys, fsck):
        settings.SEED_SAMPLE_PRODUCTS = False
        for name in ("Tea Pot", "Kettle"):
            product(name=name, category=None)
        Product.objects.update(search_terms=[])
        assert found("kettle") == set()
        call_command("prepare")
        assert "Made 2 products ready for the search" in capsys.readouterr().out
        assert found("kettle") == {"Kettle"}
        call_command("prepare")
        assert "search" not in capsys.readouterr().out
        fsck()

    def test_prepare_replaces_the_terms_of_an_older_version(self, settings, monkeypatch, capsys):
        settings.SEED_SAMPLE_PRODUCTS = False
        product(name="Tea Pot")
        call_command("prepare")
        Product.objects.update(search_terms=[])
        monkeypatch.setattr(parts.Parts, "version", 99)
        call_command("prepare")
        assert found("tea") == {"Tea Pot"}
        assert Counter.objects.get(name="search_terms").value == 99


def test_the_backend_is_a_setting():
    assert isinstance(search.backend(), parts.Parts)
