"""Every search goes by the index, and whoever writes a name keeps right what is stored for it."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q

from catalog import queries, search, services
from catalog.categories import update_category
from catalog.csv.entry import Entry
from catalog.csv.write import How, write
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
PRODUCTS = 2000


@pytest.fixture
def catalogue(db):
    make_products(PRODUCTS)


@pytest.fixture
def asked(monkeypatch):
    """Every queryset that the fuzzy search reads on its way."""
    seen = []
    candidates, exact = parts._candidates, parts._exact

    def spy(rows):
        seen.append(rows)
        return rows

    monkeypatch.setattr(parts, "_exact", lambda *given: spy(exact(*given)))
    monkeypatch.setattr(parts, "_candidates", lambda *given: (spy(rows) for rows in candidates(*given)))
    return seen


def typed_wrong(word):
    return word[0] + word[2] + word[1] + word[3:]


class TestTheIndex:
    def test_what_is_examined_is_what_is_found(self, catalogue):
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

    def test_words_and_typos_go_by_it_too(self, catalogue, asked):
        brand, other, *_ = Product.objects.get(product_id=7).name.split()
        for text in (
            f"{brand} {other}",
            typed_wrong(brand),
            f"lamp {typed_wrong(brand)}",
            typed_wrong(other),
        ):
            queries.matching(ProductQuery(q=text, fuzzy=True))
            assert asked, text
            while asked:
                plan = plan_of(rows := asked.pop())
                assert plan.index == INDEX, (text, rows.query)
                assert plan.examined < PRODUCTS / 10, text

    def test_the_plain_way_scans_everything(self, catalogue):
        rows = Product.objects.filter(Q(name__icontains="apto") | Q(category__icontains="apto"))
        plan = plan_of(rows)
        assert (plan.index, plan.examined) == (None, PRODUCTS)


def entry(slug, **fields):
    return Entry(line=2, source=slug, slug=slug, quantity=1, fields={"price": Decimal(5), **fields})


def found(text):
    return {match.name for match in queries.matching(ProductQuery(q=text)).rows}


def renamed_by_the_service(row, staff):
    services.update_product(pk=row.pk, name="Kettle")


def renamed_by_the_admin(row, staff):
    Form(office_of(staff), url(Product, "change", row.pk)).send(name="Kettle")


def renamed_by_the_import(row, staff):
    write([entry("tea-pot", name="Kettle")], lambda result: None, How())


@pytest.mark.parametrize("rename", [renamed_by_the_service, renamed_by_the_admin, renamed_by_the_import])
def test_a_renamed_product_is_found_by_its_new_name_alone(staff, fsck, rename):
    row = product(name="Tea Pot", slug="tea-pot", category="Kitchen")
    rename(row, staff)
    assert (found("kettle"), found("tea"), found("kitchen")) == ({"Kettle"}, set(), {"Kettle"})
    assert queries.matching(ProductQuery(q="ketlte", fuzzy=True)).rows.count() == 1
    fsck()


def test_imported_products_are_found(fsck):
    write(
        [entry("tea", name="Tea Pot"), entry("kettle", name="Kettle", category="Kitchen")],
        lambda result: None,
        How(),
    )
    assert (found("tea"), found("kitchen")) == ({"Tea Pot"}, {"Kettle"})
    fsck()


def test_a_category_s_new_name_finds_its_products(fsck):
    for name in ("Tea Pot", "Kettle"):
        product(name=name, category="Kitchen")
    product(name="Lamp", category="Lighting")
    update_category(pk=Category.objects.get(name="Kitchen").pk, name="Cooking")
    assert (found("cooking"), found("kitchen")) == ({"Tea Pot", "Kettle"}, set())
    fsck()


def test_a_rename_that_fails_leaves_the_search_as_it_was(fsck):
    product(slug="taken")
    row = product(name="Tea Pot")
    with pytest.raises(DomainError):
        services.update_product(pk=row.pk, name="Kettle", slug="taken")
    assert (found("kettle"), found("tea")) == (set(), {"Tea Pot"})
    fsck()


@pytest.fixture
def moved_meanwhile(monkeypatch):
    """Another writer gives the product a category between the reading and the writing of a rename."""
    with_terms, others = indexing.with_terms, [{"category": "Cooking"}]

    def late(row, changes):
        written = with_terms(row, changes)
        if others:
            other = others.pop()
            at_once(1, lambda: services.update_product(pk=row.pk, **other))
        return written

    monkeypatch.setattr(indexing, "with_terms", late)


def test_a_name_and_a_category_that_change_at_once_are_both_found(moved_meanwhile, fsck):
    services.update_product(pk=product(name="Tea Pot", category="Kitchen").pk, name="Kettle")
    assert (found("kettle"), found("cooking"), found("kitchen")) == ({"Kettle"}, {"Kettle"}, set())
    fsck()


def test_without_a_transaction_one_of_them_would_be_lost(moved_meanwhile, monkeypatch, fsck):
    row = product(name="Tea Pot", category="Kitchen")
    monkeypatch.setattr(services, "run_tx", lambda change: change())
    services.update_product(pk=row.pk, name="Kettle")
    with pytest.raises(CommandError):
        fsck()


def test_fsck_tells_of_terms_that_are_not_those_of_the_name():
    Product.objects.filter(pk=product(slug="pot").pk).update(name="Kettle")
    with pytest.raises(CommandError):
        call_command("fsck")


class TestProductsOfAnotherVersion:
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

    def test_a_new_version_is_stored_anew(self, settings, monkeypatch, capsys):
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
