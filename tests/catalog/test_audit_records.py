"""The audit log has an entry for every change of a product or a category."""

from decimal import Decimal

import pytest

from catalog import categories
from catalog.csv import importing
from catalog.models import Category, Product
from catalog.services import update_product
from ecommerce.core import audit
from ecommerce.core.models import AuditEntry
from tests.catalog.csvfiles import Run, run
from tests.support import factories
from tests.support.admin_pages import Form, office_of, url
from tests.support.answers import refused

__all__ = ["run"]
pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/products"


def recorded(action):
    """Return actor, before and after of each entry with this action, the newest first."""
    entries = AuditEntry.objects.filter(action=action).order_by("-at", "-pk")
    return [(entry.actor, entry.before, entry.after) for entry in entries]


@pytest.fixture
def tea(db):
    return factories.product(name="Tea", slug="tea", price=Decimal("5.00"), category="Drinks")


@pytest.fixture
def office(staff):
    return office_of(staff)


class TestApi:
    def test_it_records_a_new_product(self, staff, staff_api):
        created = staff_api.post(URL, {"name": "Cup", "slug": "cup", "price": "5.50", "inventory": 3}).json()
        values = {"product_id": 1, "name": "Cup", "slug": "cup", "price": 5.5, "inventory": 3}
        assert recorded("product.create") == [("staff@example.com", {}, {**values, "is_active": True})]
        entry = AuditEntry.objects.get(action="product.create")
        assert (entry.actor_id, entry.object_id, entry.object_label) == (staff.pk, created["id"], "Cup")
        assert entry.ip == "127.0.0.1"

    def test_it_records_only_the_changed_fields(self, staff_api, tea):
        changes = {"price": "6.00", "name": "Tea", "description": "Green", "inventory": 10}
        assert staff_api.patch(f"{URL}/{tea.pk}", changes).status_code == 200
        before, after = {"price": 5.0, "description": None}, {"price": 6.0, "description": "Green"}
        assert recorded("product.change") == [("staff@example.com", before, after)]
        assert recorded("product.stock") == []

    def test_it_records_nothing_without_a_difference(self, staff_api, tea):
        staff_api.patch(f"{URL}/{tea.pk}", {"price": "5.00", "inventory_delta": 0, "image": None})
        assert recorded("product.change") == recorded("product.stock") == []

    @pytest.mark.parametrize("change", [{"inventory": 7}, {"inventory_delta": -3}])
    def test_it_records_a_change_of_the_stock(self, staff_api, tea, change):
        staff_api.patch(f"{URL}/{tea.pk}", change)
        assert recorded("product.stock") == [("staff@example.com", {"inventory": 10}, {"inventory": 7})]
        assert recorded("product.change") == []

    def test_it_records_all_fields_of_a_deleted_product(self, staff_api, tea):
        staff_api.delete(f"{URL}/{tea.pk}")
        ((actor, before, after),) = recorded("product.delete")
        assert (actor, after) == ("staff@example.com", {})
        assert before == {
            "product_id": tea.product_id,
            "name": "Tea",
            "slug": "tea",
            "price": 5.0,
            "inventory": 10,
            "category": "Drinks",
            "is_active": True,
        }

    def test_it_records_no_refused_change(self, staff_api, tea):
        factories.product(slug="taken")
        count = AuditEntry.objects.count()
        refused(staff_api.patch(f"{URL}/{tea.pk}", {"price": 1, "slug": "taken"}), 400)
        refused(staff_api.patch(f"{URL}/{tea.pk}", {"price": 1, "inventory_delta": -11}), 400)
        refused(staff_api.post(URL, {"name": "A", "slug": "taken", "price": 1}), 400)
        assert AuditEntry.objects.count() == count

    def test_it_records_a_category_that_a_product_creates(self, staff_api, tea):
        staff_api.patch(f"{URL}/{tea.pk}", {"category": "Hot drinks"})
        values = {"name": "Hot drinks", "slug": "hot-drinks", "position": 2}
        assert recorded("category.create")[0] == ("staff@example.com", {}, values)


class TestAdmin:
    def test_it_records_a_new_product(self, office):
        form = Form(office, url(Product, "add"))
        form.send(name="Cup", slug="cup", price="5.50", stock="3")
        ((actor, _, after),) = recorded("product.create")
        assert (actor, after["name"], after["inventory"]) == ("staff@example.com", "Cup", 3)

    def test_it_records_a_change_and_the_stock_separately(self, office, tea):
        Form(office, url(Product, "change", tea.pk)).send(price="6.00", inventory_delta="5")
        assert recorded("product.change") == [("staff@example.com", {"price": 5.0}, {"price": 6.0})]
        assert recorded("product.stock") == [("staff@example.com", {"inventory": 10}, {"inventory": 15})]

    def test_it_records_a_price_change_in_the_list(self, office, tea):
        Form(office, url(Product, "changelist")).send(**{"form-0-price": "7.00"})
        assert recorded("product.change") == [("staff@example.com", {"price": 5.0}, {"price": 7.0})]

    def test_it_records_a_deleted_product(self, office, tea):
        office.post(url(Product, "delete", tea.pk), {"post": "yes"})
        assert [actor for actor, *_ in recorded("product.delete")] == ["staff@example.com"]

    def test_it_records_several_deleted_products(self, office, tea):
        chosen = [str(tea.pk), str(factories.product().pk)]
        data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
        office.post(url(Product, "changelist"), data)
        assert [actor for actor, *_ in recorded("product.delete")] == ["staff@example.com"] * 2

    def test_it_records_changes_of_categories(self, office):
        Form(office, url(Category, "add")).send(name="Tea", slug="tea", position="1")
        category = Category.objects.get()
        Form(office, url(Category, "change", category.pk)).send(name="Teas", position="3")
        office.post(url(Category, "delete", category.pk), {"post": "yes"})
        by = "staff@example.com"
        assert recorded("category.create") == [(by, {}, {"name": "Tea", "slug": "tea", "position": 1})]
        change = ({"name": "Tea", "position": 1}, {"name": "Teas", "position": 3})
        assert recorded("category.change") == [(by, *change)]
        assert recorded("category.delete") == [(by, {"name": "Teas", "slug": "tea", "position": 3}, {})]

    def test_it_records_no_refused_change_of_a_category(self, office, tea):
        category, count = Category.objects.get(), AuditEntry.objects.count()
        with pytest.raises(categories.CategoryTaken):
            categories.create_category(name="Drinks", slug="other")
        with pytest.raises(categories.CategoryInUse):
            categories.delete_category(category)
        assert AuditEntry.objects.count() == count

    def test_a_product_links_to_its_history(self, office, tea):
        update_product(pk=tea.pk, price=Decimal("6.00"))
        factories.product()
        page = office.get(url(Product, "change", tea.pk)).content.decode()
        query = f"?object_kind=product&amp;object_id={tea.pk}"
        assert url(AuditEntry, "changelist") + query in page
        filters = {"object_kind": "product", "object_id": str(tea.pk)}
        listed = office.get(url(AuditEntry, "changelist"), filters).context["cl"].result_list
        assert {entry.action for entry in listed} == {"product.create", "product.change"}
        assert {entry.object_id for entry in listed} == {str(tea.pk)}


class TestImport:
    def test_it_records_every_product(self, run: Run, tea):
        run("slug,name,price,inventory,category\ntea,Tea,6,4,Drinks\ncup,Cup,2,9,Cups", set_stock=True)
        assert recorded("product.change") == [("import", {"price": 5.0}, {"price": 6.0})]
        assert recorded("product.stock") == [("import", {"inventory": 10}, {"inventory": 4})]
        (actor, before, after), _ = recorded("product.create")
        assert (actor, before, after["name"], after["inventory"]) == ("import", {}, "Cup", 9)
        assert [actor for actor, *_ in recorded("category.create")] == ["import", ""]
        assert AuditEntry.objects.filter(actor="import", ip=None, actor_id=None).count() == 4

    def test_a_repeated_import_records_nothing(self, run: Run):
        file = "slug,name,price\ncup,Cup,2"
        run(file)
        run(file)
        assert AuditEntry.objects.count() == 1

    def test_a_dry_run_records_nothing(self, run: Run):
        run("slug,name,price\ncup,Cup,2", dry_run=True)
        assert not AuditEntry.objects.exists()

    def test_a_batch_needs_one_command(self, run: Run, sent, monkeypatch):
        monkeypatch.setattr(importing, "BATCH", 20)
        rows = "\n".join(f"Cup {n},cup-{n},1" for n in range(41))
        commands = sent(lambda: run(f"name,slug,price\n{rows}"))
        assert commands.count("insert audit_entries") == 3
        assert AuditEntry.objects.filter(action="product.create").count() == 41
        commands = sent(lambda: run(f"name,slug,price\n{rows.replace(',1', ',2')}"))
        assert commands.count("insert audit_entries") == 3


class TestCost:
    def test_a_change_needs_one_additional_command(self, staff, tea, sent):
        commands = sent(lambda: update_product(pk=tea.pk, by=staff, price=Decimal("6.00"), inventory_delta=1))
        assert commands == [
            "aggregate products",
            "update products",
            "insert stock_movements",
            "update products",
            "insert audit_entries",
            "commitTransaction 1",
            "aggregate products",
        ]

    def test_reads_need_no_command(self, api, tea, sent):
        def read():
            api.get("/api/v1/products/tea")
            api.get("/api/v1/products")

        assert not [command for command in sent(read) if "audit" in command]
        assert sent(read) == []


def test_a_deleted_product_keeps_its_history(staff_api, tea):
    staff_api.delete(f"{URL}/{tea.pk}")
    assert [entry.action for entry in audit.entries_of(tea)] == ["product.create", "product.delete"]
