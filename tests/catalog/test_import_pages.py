"""Staff import a CSV file in the back office: they look at what it would do, then it is done, once."""

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
def _correct(fsck):
    yield
    fsck()


@pytest.fixture
def office(manager: User) -> Client:
    return office_of(manager)


@pytest.fixture
def shop(db: None) -> None:
    make_product(slug="cup", name="Cup", price=Decimal("4.00"), inventory=3)
    make_product(slug="mug", name="Mug", price=Decimal("1.00"), inventory=3)


def send(office: Client, content: str | bytes, name: str = "products.csv", **typed: Any) -> HttpResponse:
    data = content.encode() if isinstance(content, str) else content
    return office.post(CHOOSE, {"file": SimpleUploadedFile(name, data), **typed})


def looked_at(office: Client, content: str | bytes, **typed: Any) -> str:
    """The address of the page that shows what the file would do."""
    response = send(office, content, **typed)
    assert response.status_code == 302, response.context["form"].errors
    return str(response["Location"])


def lines(office: Client, address: str, show: str) -> list[tuple[int, str, str]]:
    page = office.get(address, {"show": show}).context["page"]
    return [(line.number, line.slug, line.summary) for line in page]


def counts(office: Client, address: str) -> dict[str, int]:
    return {name: count for name, count in office.get(address).context["counts"].items() if count}


def refused(response: HttpResponse) -> str:
    assert response.status_code == 200
    assert not ProductImport.objects.exists()
    return str(response.context["form"].errors["file"])


def everything() -> tuple[list[Any], ...]:
    return tuple(
        list(model.objects.order_by("pk").values())
        for model in (Product, Category, StockMovement, AuditEntry)
    )


def test_it_shows_what_would_change_and_every_rejected_line_and_writes_nothing(office, shop):
    before = everything()
    address = looked_at(office, FILE)
    page = office.get(address).content.decode()
    assert "the price &#x27;ten&#x27; is not a number such as 12.50" in page
    assert lines(office, address, "rejected") == [(4, "", "the price 'ten' is not a number such as 12.50")]
    assert lines(office, address, "updated") == [(2, "cup", "price from 4.00 to 5.00")]
    assert lines(office, address, "created") == [(3, "tea", "")]
    assert lines(office, address, "unchanged") == [(5, "mug", "")]
    assert "Import 2 products" in page
    assert everything() == before


def test_confirmed_it_is_done_and_told(office, shop, manager):
    address = looked_at(office, FILE)
    assert get_product("cup")["price"] == 4
    response = office.post(address)
    assert (response.status_code, response["Location"]) == (302, address)
    assert "The file is imported" in office.get(address).content.decode()
    assert counts(office, address) == {"created": 1, "updated": 1, "unchanged": 1, "rejected": 1}
    assert (get("cup").price, get("cup").inventory, get("tea").inventory) == (5, 3, 9)
    assert get_product("cup")["price"] == 5
    assert not ProductImport.objects.get().content


def test_the_audit_names_who_confirmed_it(office, shop, manager):
    office.post(looked_at(office, FILE, name="spring.csv"))
    entries = AuditEntry.objects.filter(actor_id=manager.pk).exclude(object_kind="user").order_by("pk")
    told = [(entry.action, entry.object_label) for entry in entries]
    assert told == [("product.create", "Tea"), ("product.change", "Cup"), ("product.import", "spring.csv")]
    assert entries.last().after | {"created": 1, "updated": 1, "rejected": 1} == entries.last().after


def test_the_stock_is_set_where_that_is_ticked(office, shop):
    address = looked_at(office, FILE, set_stock="on")
    assert lines(office, address, "updated")[0] == (
        2,
        "cup",
        "price from 4.00 to 5.00, inventory from 3 to 7",
    )
    office.post(address)
    assert get("cup").inventory == 7


class TestTheCatalogueChangedMeanwhile:
    def test_a_product_that_was_changed_is_left_alone_and_its_line_rejected(self, office, shop):
        address = looked_at(office, FILE)
        update_product(pk=get("cup").pk, price=Decimal("8.00"))
        office.post(address)
        reason = "the product was changed since this was shown: look at the file again"
        assert lines(office, address, "rejected")[0] == (2, "", reason)
        assert (get("cup").price, get("tea").price) == (8, Decimal("2.50"))

    def test_so_is_one_that_was_made_or_deleted(self, office, shop):
        address = looked_at(office, FILE)
        make_product(slug="tea", name="Other tea")
        delete_product(pk=get("cup").pk)
        office.post(address)
        assert [number for number, _, _ in lines(office, address, "rejected")] == [2, 3, 4]
        assert (get("tea").name, "cup" in slugs()) == ("Other tea", False)

    def test_one_that_would_have_stayed_as_it_was_is_not_changed(self, office, shop):
        address = looked_at(office, FILE)
        update_product(pk=get("mug").pk, price=Decimal("3.00"))
        office.post(address)
        assert get("mug").price == 3

    def test_a_sale_is_kept_also_where_the_stock_is_set(self, office, shop):
        address = looked_at(office, FILE, set_stock="on")
        adjust(get("cup").pk, change=-1)
        office.post(address)
        assert (get("cup").inventory, get("cup").price) == (2, 4)

    def test_a_sale_is_no_change_where_the_stock_stays(self, office, shop):
        address = looked_at(office, FILE)
        adjust(get("cup").pk, change=-1)
        office.post(address)
        assert (get("cup").inventory, get("cup").price) == (2, 5)

    def test_a_product_that_comes_twice_is_no_change_of_itself(self, office, shop):
        address = looked_at(office, "name,slug,price\nCup,cup,5\nCup,cup,6\nNew,new,1\nNew,new,2\n")
        office.post(address)
        assert counts(office, address) == {"created": 1, "updated": 3}
        assert (get("cup").price, get("new").price) == (6, 2)


def test_several_clicks_at_once_import_once(office, shop, manager):
    address = looked_at(office, FILE)

    assert at_once(4, lambda: office_of(manager).post(address).status_code) == [302] * 4
    assert AuditEntry.objects.filter(action="product.import").count() == 1
    assert counts(office, address) == {"created": 1, "updated": 1, "unchanged": 1, "rejected": 1}


def test_without_the_claim_several_clicks_import_several_times(office, shop, manager):
    """The control: whoever only looks whether it is done finds that it is not."""
    looked_at(office, FILE)
    row, all_have_looked = ProductImport.objects.get(), Barrier(4)

    def naive_click() -> None:
        if ProductImport.objects.get(pk=row.pk).status == "shown":
            all_have_looked.wait()
            previewed_import._run(row, manager)

    at_once(4, naive_click)
    assert AuditEntry.objects.filter(action="product.import").count() == 4


def test_confirmed_again_it_does_nothing(office, shop):
    address = looked_at(office, FILE)
    office.post(address)
    update_product(pk=get("cup").pk, price=Decimal("8.00"))
    assert office.post(address).status_code == 302
    assert get("cup").price == 8
    assert AuditEntry.objects.filter(action="product.import").count() == 1


def test_a_running_import_says_so(office, shop):
    address = looked_at(office, FILE)
    ProductImport.objects.update(status="running")
    page = office.get(address).content.decode()
    assert "The import is running" in page
    assert "Import 2 products" not in page
    office.post(address)
    assert get("cup").price == 4


def test_one_that_fails_says_what_went_in(office, shop, monkeypatch):
    address = looked_at(office, FILE)

    def fails(entries: Any, *, report: Any, options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(previewed_import, "write", fails)
    office.raise_request_exception = False
    assert office.post(address).status_code == 500
    assert "The import was stopped by an error" in office.get(address).content.decode()
    assert ProductImport.objects.get().status == "stopped"


def test_a_shopify_export_is_read_too(office):
    file = "Handle,Title,Variant Price,Variant Inventory Qty\ncup,Cup,4.50,3\nmug,Mug,,1\n"
    address = looked_at(office, file)
    assert lines(office, address, "rejected") == [(3, "", "there is no price")]
    office.post(address)
    assert (get("cup").price, get("cup").inventory) == (Decimal("4.50"), 3)


def test_the_export_imported_again_changes_nothing(office, shop):
    file = b"".join(office.get(url(Product, "export")).streaming_content)
    address = looked_at(office, file, set_stock="on")
    assert counts(office, address) == {"unchanged": 2}
    page = office.get(address).content.decode()
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
def test_a_file_that_is_no_catalogue_is_refused_at_its_field(office, content, reason):
    assert reason in refused(send(office, content))


def test_without_a_file_the_form_says_so(office):
    assert "This field is required." in refused(office.post(CHOOSE))


def test_a_file_with_too_many_lines_is_sent_to_the_command(office, monkeypatch):
    monkeypatch.setattr(previewed_import, "MAX_LINES", 3)
    said = refused(send(office, FILE))
    assert "The file has more than 3 lines. Import it with manage.py import_products" in said


def test_a_wrong_encoding_costs_the_lines_that_have_it(office):
    address = looked_at(office, "name,slug,price\nCafé,cafe,1\nTea,tea,2\n".encode("latin-1"))
    assert lines(office, address, "rejected") == [(2, "", "is not UTF-8 text (save the file as CSV UTF-8)")]
    assert lines(office, address, "created") == [(3, "tea", "")]


def test_what_a_file_says_is_text_on_the_page(office, shop):
    rows = [["name", "slug", "price"], ["<b>Cup</b>", "cup", "4"], ["Bad", "<script>", "1"]]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    address = looked_at(office, out.getvalue(), name="<img src=x>.csv")
    for show in ("rejected", "updated"):
        page = office.get(address, {"show": show}).content.decode()
        assert not [markup for markup in ("<b>Cup", "<script>'", "<img src=x>") if markup in page]
    assert "&lt;b&gt;Cup" in page


def test_all_rejected_lines_are_shown_page_by_page(office):
    rows = "".join(f"Bad,bad-{number},no\n" for number in range(450))
    address = looked_at(office, "name,slug,price\n" + rows)
    seen = [
        line.number
        for page in ("1", "2", "3")
        for line in office.get(address, {"show": "rejected", "page": page}).context["page"]
    ]
    assert seen == list(range(2, 452))
    for odd in ("0", "99", "x", "%00"):
        assert office.get(address + f"?show=nonsense&page={odd}").status_code == 200


class TestWhoMay:
    def test_it_is_for_whoever_may_add_and_change_products(self, office, shop, support, customer):
        address = looked_at(office, FILE)
        for user, status in ((support, 403), (customer, 302)):
            client = office_of(user)
            answers = [client.get(CHOOSE), send(client, FILE), client.get(address), client.post(address)]
            assert {answer.status_code for answer in answers} == {status}
        assert (ProductImport.objects.count(), get("cup").price) == (1, 4)

    def test_another_member_of_staff_does_not_find_it(self, office, shop, staff):
        address = looked_at(office, FILE)
        other = office_of(staff)
        for answer in (other.get(address), other.post(address)):
            assert answer["Location"] == CHOOSE
        assert get("cup").price == 4

    @pytest.mark.parametrize("key", ["nonsense", "0" * 24, "é", "%00"])
    def test_one_that_is_not_there_leads_back(self, office, key):
        assert office.get(f"{CHOOSE}{key}/")["Location"] == CHOOSE

    def test_only_they_are_offered_it(self, office, staff, monkeypatch):
        page = office.get(url(Product, "changelist")).content.decode()
        assert f'href="{reverse("admin:catalog_product_import")}"' in page


def test_files_are_forgotten_after_a_day(office, shop):
    address = looked_at(office, FILE)
    ProductImport.objects.update(created_at=timezone.now() - previewed_import.KEPT)
    looked_at(office, FILE)
    assert ProductImport.objects.count() == 1
    assert office.get(address)["Location"] == CHOOSE
