"""One entry in `catalog.product_fields` is all that a new field of the model needs."""

import csv

import pytest
from rest_framework.utils.serializer_helpers import ReturnDict

from catalog import product_fields
from catalog.csv import export, own_format
from catalog.models import Product
from catalog.product_fields import PRODUCT_FIELDS, Kind, ProductField, Section, product_as_dict
from catalog.serializers import ProductAnswer, ProductChanges, ProductFields
from catalog.types import ProductData
from tests.catalog.csvfiles import Run, get, run
from tests.support.admin_pages import office_of, url
from tests.support.factories import product as make_product

__all__ = ["run"]
pytestmark = pytest.mark.django_db
INTERNAL = {"id", "on_hold", "search_terms"}  # fields of the model that are shown nowhere else
URL = "/api/v1/admin/products"


def names(*, writable: bool = False) -> list[str]:
    return [field.name for field in product_fields.PRODUCT_FIELDS if not (writable and field.read_only)]


def header_of_export() -> list[str]:
    return next(csv.reader(export.lines(Product.objects.all())))


def form_fields(client, path: str) -> list[str]:
    """Return what a page of the admin shows, read-only fields included."""
    form = client.get(path).context["adminform"]
    return [name for fieldset in form for line in fieldset for name in line.fields]


def test_every_field_of_the_model_has_an_entry():
    assert {field.name for field in Product._meta.fields} - INTERNAL == set(names())


def test_answer_and_schema_have_every_field(product, api):
    assert list(product_as_dict(product)) == ["id", "_id", *names()]
    assert list(ProductAnswer().fields) == ["id", "_id", *names()]
    assert set(ProductData.__annotations__) <= set(product_as_dict(product))
    assert list(api.get("/api/v1/products").json()[0]) == ["id", "_id", *names()]


def test_a_request_may_have_every_writable_field():
    assert list(ProductFields().fields) == names(writable=True)
    assert list(ProductChanges().fields) == [*names(writable=True), "inventory_delta"]


def test_export_and_import_have_every_writable_field():
    assert sorted(header_of_export()) == sorted(names(writable=True))
    assert header_of_export() == own_format.columns()


def test_the_admin_shows_every_field(staff, product):
    client = office_of(staff)
    assert set(form_fields(client, url(Product, "change", product.pk))) >= set(names())
    new = set(names(writable=True)) - {"inventory"} | {"stock"}
    assert set(form_fields(client, url(Product, "add"))) >= new


@pytest.fixture
def one_more_entry(monkeypatch) -> str:
    """Add an entry for a field of the model that is otherwise internal, as for a new field."""
    entry = ProductField("on_hold", Kind.NUMBER, Section.PRICE)
    monkeypatch.setattr(product_fields, "PRODUCT_FIELDS", (*PRODUCT_FIELDS, entry))
    return entry.name


def test_an_entry_alone_adds_a_field_everywhere(one_more_entry, run: Run, staff, staff_api):
    new = make_product(slug="cup", name="Cup")
    assert product_as_dict(new)[one_more_entry] == 0
    assert one_more_entry in ProductAnswer().fields
    assert isinstance(ProductAnswer(product_as_dict(new)).data, ReturnDict)
    shown = form_fields(office_of(staff), url(Product, "change", new.pk))
    assert shown[shown.index("compare_at_price") + 1] == one_more_entry
    assert staff_api.patch(f"{URL}/{new.pk}", {one_more_entry: 3}).json()[one_more_entry] == 3
    assert header_of_export()[-1] == one_more_entry
    run(f"name,slug,price,{one_more_entry}\nCup,cup,4.50,5")
    assert getattr(get("cup"), one_more_entry) == 5
