"""Staff import a CSV file in the admin: they preview the changes and confirm them, and they are made once."""

import csv
import io
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.csv import previewed_import
from catalog.models import Category, Product, ProductImport, StockMovement
from catalog.queries import get_product
from catalog.services import delete_product, update_product
from catalog.stock import adjust
from ecommerce.core.models import AuditEntry
from tests.catalog.csvfiles import get, slugs
from tests.support.admin_pages import office_of, url
from tests.support.factories import product as make_product
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db
CHOOSE = "/admin/catalog/product/import/"
FILE = "name,slug,price,inventory\nCup,cup,5,7\nTea,tea,2.50,9\nBad,bad,ten,1\nMug,mug,1,1\n"


@pytest.fixture(autouse=True)
def _check_invariants(fsck):
    yield
    fsck()


@pytest.fixture
def office(manager: User) -> Client:
    return office_of(manager)


@pytest.fixture
def shop(db: None) -> None:
    make_product(slug="cup", name="Cup", price=Decimal("4.00"), inventory=3)
    make_product(slug="mug", name="Mug", price=Decimal("1.00"), inventory=3)


def send(office: Client, content: str | bytes, name: str = "products.csv", **options: Any) -> HttpResponse:
    data = content.encode() if isinstance(content, str) else content
    return office.post(CHOOSE, {"file": SimpleUploadedFile(name, data), **options})


def preview_url(office: Client, content: str | bytes, **options: Any) -> str:
    """Return the URL of the preview of this file."""
    response = send(office, content, **options)
    assert response.status_code == 302, response.context["form"].errors
    return str(response["Location"])


def lines(office: Client, page_url: str, show: str) -> list[tuple[int, str, str]]:
    page = office.get(page_url, {"show": show}).context["page"]
    return [(line.number, line.slug, line.summary) for line in page]


def counts(office: Client, page_url: str) -> dict[str, int]:
    return {name: count for name, count in office.get(page_url).context["counts"].items() if count}


def refused(response: HttpResponse) -> str:
    assert response.status_code == 200
    assert not ProductImport.objects.exists()
    return str(response.context["form"].errors["file"])


def stored_data() -> tuple[list[Any], ...]:
    return tuple(
        list(model.objects.order_by("pk").values())
        for model in (Product, Category, StockMovement, AuditEntry)
    )


def test_a_preview_shows_changes_and_rejected_lines_and_writes_nothing(office, shop):
    before = stored_data()
    page_url = preview_url(office, FILE)
    page = office.get(page_url).content.decode()
    assert "the price &#x27;ten&#x27; is not a number such as 12.50" in page
    assert lines(office, page_url, "rejected") == [(4, "", "the price 'ten' is not a number such as 12.50")]
    assert lines(office, page_url, "updated") == [(2, "cup", "price from 4.00 to 5.00")]
    assert lines(office, page_url, "created") == [(3, "tea", "")]
    assert lines(office, page_url, "unchanged") == [(5, "mug", "")]
    assert "Import 2 products" in page
    assert stored_data() == before


def test_a_confirmed_import_is_run_and_reported(office, shop, manager):
    page_url = preview_url(office, FILE)
    assert get_product("cup")["price"] == 4
    response = office.post(page_url)
    assert (response.status_code, response["Location"]) == (302, page_url)
    assert "The file is imported" in office.get(page_url).content.decode()
    assert counts(office, page_url) == {"created": 1, "updated": 1, "unchanged": 1, "rejected": 1}
    assert (get("cup").price, get("cup").inventory, get("tea").inventory) == (5, 3, 9)
    assert get_product("cup")["price"] == 5
    assert not ProductImport.objects.get().content


def test_the_audit_log_names_the_staff_member_who_confirmed_it(office, shop, manager):
    office.post(preview_url(office, FILE, name="spring.csv"))
    entries = AuditEntry.objects.filter(actor_id=manager.pk).exclude(object_kind="user").order_by("pk")
    actions = [(entry.action, entry.object_label) for entry in entries]
    assert actions == [("product.create", "Tea"), ("product.change", "Cup"), ("product.import", "spring.csv")]
    assert entries.last().after | {"created": 1, "updated": 1, "rejected": 1} == entries.last().after


def test_the_stock_is_set_if_that_option_is_chosen(office, shop):
    page_url = preview_url(office, FILE, set_stock="on")
    assert lines(office, page_url, "updated")[0] == (
        2,
        "cup",
        "price from 4.00 to 5.00, inventory from 3 to 7",
    )
    office.post(page_url)
    assert get("cup").inventory == 7


class TestChangesAfterThePreview:
    def test_the_line_of_a_changed_product_is_rejected(self, office, shop):
        page_url = preview_url(office, FILE)
        update_product(pk=get("cup").pk, price=Decimal("8.00"))
        office.post(page_url)
        reason = "the product was changed since this was shown: look at the file again"
        assert lines(office, page_url, "rejected")[0] == (2, "", reason)
        assert (get("cup").price, get("tea").price) == (8, Decimal("2.50"))

    def test_the_line_of_a_created_or_deleted_product_is_rejected(self, office, shop):
        page_url = preview_url(office, FILE)
        make_product(slug="tea", name="Other tea")
        delete_product(pk=get("cup").pk)
        office.post(page_url)
        assert [number for number, _, _ in lines(office, page_url, "rejected")] == [2, 3, 4]
        assert (get("tea").name, "cup" in slugs()) == ("Other tea", False)

    def test_a_product_that_was_unchanged_in_the_preview_is_not_changed(self, office, shop):
        page_url = preview_url(office, FILE)
        update_product(pk=get("mug").pk, price=Decimal("3.00"))
        office.post(page_url)
        assert get("mug").price == 3

    def test_a_sale_is_kept_even_if_the_stock_is_set(self, office, shop):
        page_url = preview_url(office, FILE, set_stock="on")
        adjust(get("cup").pk, change=-1)
        office.post(page_url)
        assert (get("cup").inventory, get("cup").price) == (2, 4)

    def test_a_sale_is_no_change_if_the_stock_is_not_set(self, office, shop):
        page_url = preview_url(office, FILE)
        adjust(get("cup").pk, change=-1)
        office.post(page_url)
        assert (get("cup").inventory, get("cup").price) == (2, 5)

    def test_a_repeated_product_does_not_count_as_changed(self, office, shop):
        page_url = preview_url(office, "name,slug,price\nCup,cup,5\nCup,cup,6\nNew,new,1\nNew,new,2\n")
        office.post(page_url)
        assert counts(office, page_url) == {"created": 1, "updated": 3}
        assert (get("cup").price, get("new").price) == (6, 2)


def test_concurrent_confirmations_import_once(office, shop, manager):
    page_url = preview_url(office, FILE)

    assert at_once(4, lambda: office_of(manager).post(page_url).status_code) == [302] * 4
    assert AuditEntry.objects.filter(action="product.import").count() == 1
    assert counts(office, page_url) == {"created": 1, "updated": 1, "unchanged": 1, "rejected": 1}


def test_without_the_conditional_update_concurrent_confirmations_import_several_times(office, shop, manager):
    """Let every request see the status before any of them changes it, as the negative control."""
    preview_url(office, FILE)
    row, all_have_read = ProductImport.objects.get(), Barrier(4)

    def confirm_naively() -> None:
        if ProductImport.objects.get(pk=row.pk).status == "shown":
            all_have_read.wait()
            previewed_import._run(row, manager)

    at_once(4, confirm_naively)
    assert AuditEntry.objects.filter(action="product.import").count() == 4


def test_a_repeated_confirmation_does_nothing(office, shop):
    page_url = preview_url(office, FILE)
    office.post(page_url)
    update_product(pk=get("cup").pk, price=Decimal("8.00"))
    assert office.post(page_url).status_code == 302
    assert get("cup").price == 8
    assert AuditEntry.objects.filter(action="product.import").count() == 1


def test_the_page_shows_that_an_import_is_running(office, shop):
    page_url = preview_url(office, FILE)
    ProductImport.objects.update(status="running")
    page = office.get(page_url).content.decode()
    assert "The import is running" in page
    assert "Import 2 products" not in page
    office.post(page_url)
    assert get("cup").price == 4


def test_the_page_shows_that_an_import_failed(office, shop, monkeypatch):
    page_url = preview_url(office, FILE)

    def fail(entries: Any, *, report: Any, options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(previewed_import, "write", fail)
    office.raise_request_exception = False
    assert office.post(page_url).status_code == 500
    assert "The import was stopped by an error" in office.get(page_url).content.decode()
    assert ProductImport.objects.get().status == "stopped"


def test_a_shopify_export_can_be_imported(office):
    file = "Handle,Title,Variant Price,Variant Inventory Qty\ncup,Cup,4.50,3\nmug,Mug,,1\n"
    page_url = preview_url(office, file)
    assert lines(office, page_url, "rejected") == [(3, "", "there is no price")]
    office.post(page_url)
    assert (get("cup").price, get("cup").inventory) == (Decimal("4.50"), 3)


def test_importing_an_export_changes_nothing(office, shop):
    file = b"".join(office.get(url(Product, "export")).streaming_content)
    page_url = preview_url(office, file, set_stock="on")
    assert counts(office, page_url) == {"unchanged": 2}
    page = office.get(page_url).content.decode()
    assert "The file changes nothing" in page
    assert "<button" not in page.split("office-panel")[1].split("</div>")[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "The submitted file is empty."),
        ("a,b\n1,2\n", "The header has neither our columns"),
        ("name;slug;price\nCup;cup;1\n", "The header has neither our columns"),
        ("name,slug,price\nCup,cup,1\n".encode("utf-16"), "The header, line 1, is not UTF-8 text"),
        (b"PK\x03\x04\xff\xfe\x00,", "The header, line 1, is not UTF-8 text"),
        (b"name,slug,price\n" + b"x" * 5_000_000, "The file is larger than 5 MB."),
    ],
)
def test_a_file_without_a_catalogue_is_an_error_of_its_field(office, content, reason):
    assert reason in refused(send(office, content))


def test_a_missing_file_is_a_form_error(office):
    assert "This field is required." in refused(office.post(CHOOSE))


def test_a_file_with_too_many_lines_is_refused_and_the_command_suggested(office, monkeypatch):
    monkeypatch.setattr(previewed_import, "MAX_LINES", 3)
    error = refused(send(office, FILE))
    assert "The file has more than 3 lines. Import it with manage.py import_products" in error


def test_only_lines_with_a_wrong_encoding_are_rejected(office):
    page_url = preview_url(office, "name,slug,price\nCafé,cafe,1\nTea,tea,2\n".encode("latin-1"))
    assert lines(office, page_url, "rejected") == [(2, "", "is not UTF-8 text (save the file as CSV UTF-8)")]
    assert lines(office, page_url, "created") == [(3, "tea", "")]


def test_markup_in_a_file_is_escaped(office, shop):
    rows = [["name", "slug", "price"], ["<b>Cup</b>", "cup", "4"], ["Bad", "<script>", "1"]]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    page_url = preview_url(office, out.getvalue(), name="<img src=x>.csv")
    for show in ("rejected", "updated"):
        page = office.get(page_url, {"show": show}).content.decode()
        assert not [markup for markup in ("<b>Cup", "<script>'", "<img src=x>") if markup in page]
    assert "&lt;b&gt;Cup" in page


def test_rejected_lines_are_paginated(office):
    rows = "".join(f"Bad,bad-{number},no\n" for number in range(450))
    page_url = preview_url(office, "name,slug,price\n" + rows)
    numbers = [
        line.number
        for page in ("1", "2", "3")
        for line in office.get(page_url, {"show": "rejected", "page": page}).context["page"]
    ]
    assert numbers == list(range(2, 452))
    for odd in ("0", "99", "x", "%00"):
        assert office.get(page_url + f"?show=nonsense&page={odd}").status_code == 200


class TestPermissions:
    def test_it_needs_permission_to_add_and_change_products(self, office, shop, support, customer):
        page_url = preview_url(office, FILE)
        for user, status in ((support, 403), (customer, 302)):
            client = office_of(user)
            responses = [client.get(CHOOSE), send(client, FILE), client.get(page_url), client.post(page_url)]
            assert {response.status_code for response in responses} == {status}
        assert (ProductImport.objects.count(), get("cup").price) == (1, 4)

    def test_the_import_of_another_staff_member_is_not_found(self, office, shop, staff):
        page_url = preview_url(office, FILE)
        other = office_of(staff)
        for response in (other.get(page_url), other.post(page_url)):
            assert response["Location"] == CHOOSE
        assert get("cup").price == 4

    @pytest.mark.parametrize("key", ["nonsense", "0" * 24, "é", "%00"])
    def test_an_unknown_import_redirects_to_the_form(self, office, key):
        assert office.get(f"{CHOOSE}{key}/")["Location"] == CHOOSE

    def test_the_list_links_to_the_import(self, office, staff, monkeypatch):
        page = office.get(url(Product, "changelist")).content.decode()
        assert f'href="{reverse("admin:catalog_product_import")}"' in page


def test_files_are_deleted_after_a_day(office, shop):
    page_url = preview_url(office, FILE)
    ProductImport.objects.update(created_at=timezone.now() - previewed_import.KEPT)
    preview_url(office, FILE)
    assert ProductImport.objects.count() == 1
    assert office.get(page_url)["Location"] == CHOOSE
