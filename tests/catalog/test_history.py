"""Every change of a product or a category says in the audit log who made it, from what to what."""

from decimal import Decimal

import pytest

from catalog import categories
from catalog.csv.write import BATCH
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


def told(action):
    """The newest entries of this action first: actor, before, after."""
    entries = AuditEntry.objects.filter(action=action).order_by("-at", "-pk")
    return [(entry.actor, entry.before, entry.after) for entry in entries]


@pytest.fixture
def tea(db):
    return factories.product(name="Tea", slug="tea", price=Decimal("5.00"), category="Drinks")


@pytest.fixture
def office(staff):
    return office_of(staff)


class TestInTheApi:
    def test_a_new_product(self, staff, staff_api):
        made = staff_api.post(URL, {"name": "Cup", "slug": "cup", "price": "5.50", "inventory": 3}).json()
        facts = {"product_id": 1, "name": "Cup", "slug": "cup", "price": 5.5, "inventory": 3}
        assert told("product.create") == [("staff@example.com", {}, {**facts, "is_active": True})]
        entry = AuditEntry.objects.get(action="product.create")
        assert (entry.actor_id, entry.object_id, entry.object_label) == (staff.pk, made["id"], "Cup")
        assert entry.ip == "127.0.0.1"

    def test_a_change_names_only_what_changed(self, staff_api, tea):
        changes = {"price": "6.00", "name": "Tea", "description": "Green", "inventory": 10}
        assert staff_api.patch(f"{URL}/{tea.pk}", changes).status_code == 200
        before, after = {"price": 5.0, "description": None}, {"price": 6.0, "description": "Green"}
        assert told("product.change") == [("staff@example.com", before, after)]
        assert told("product.stock") == []

    def test_a_change_to_the_same_is_none(self, staff_api, tea):
        staff_api.patch(f"{URL}/{tea.pk}", {"price": "5.00", "inventory_delta": 0, "image": None})
        assert told("product.change") == told("product.stock") == []

    @pytest.mark.parametrize("change", [{"inventory": 7}, {"inventory_delta": -3}])
    def test_the_stock(self, staff_api, tea, change):
        staff_api.patch(f"{URL}/{tea.pk}", change)
        assert told("product.stock") == [("staff@example.com", {"inventory": 10}, {"inventory": 7})]
        assert told("product.change") == []

    def test_a_deleted_product_with_all_it_was(self, staff_api, tea):
        staff_api.delete(f"{URL}/{tea.pk}")
        ((actor, before, after),) = told("product.delete")
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

    def test_what_is_refused_leaves_no_entry(self, staff_api, tea):
        factories.product(slug="taken")
        count = AuditEntry.objects.count()
        refused(staff_api.patch(f"{URL}/{tea.pk}", {"price": 1, "slug": "taken"}), 400)
        refused(staff_api.patch(f"{URL}/{tea.pk}", {"price": 1, "inventory_delta": -11}), 400)
        refused(staff_api.post(URL, {"name": "A", "slug": "taken", "price": 1}), 400)
        assert AuditEntry.objects.count() == count

    def test_a_new_category_that_a_product_names(self, staff_api, tea):
        staff_api.patch(f"{URL}/{tea.pk}", {"category": "Hot drinks"})
        facts = {"name": "Hot drinks", "slug": "hot-drinks", "position": 2}
        assert told("category.create")[0] == ("staff@example.com", {}, facts)


class TestInTheBackOffice:
    def test_a_new_product(self, office):
        form = Form(office, url(Product, "add"))
        form.send(name="Cup", slug="cup", price="5.50", stock="3")
        ((actor, _, after),) = told("product.create")
        assert (actor, after["name"], after["inventory"]) == ("staff@example.com", "Cup", 3)

    def test_a_change_with_its_stock(self, office, tea):
        Form(office, url(Product, "change", tea.pk)).send(price="6.00", inventory_delta="5")
        assert told("product.change") == [("staff@example.com", {"price": 5.0}, {"price": 6.0})]
        assert told("product.stock") == [("staff@example.com", {"inventory": 10}, {"inventory": 15})]

    def test_a_price_in_the_list(self, office, tea):
        Form(office, url(Product, "changelist")).send(**{"form-0-price": "7.00"})
        assert told("product.change") == [("staff@example.com", {"price": 5.0}, {"price": 7.0})]

    def test_a_deleted_product(self, office, tea):
        office.post(url(Product, "delete", tea.pk), {"post": "yes"})
        assert [actor for actor, *_ in told("product.delete")] == ["staff@example.com"]

    def test_several_deleted_products(self, office, tea):
        chosen = [str(tea.pk), str(factories.product().pk)]
        asked = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
        office.post(url(Product, "changelist"), asked)
        assert [actor for actor, *_ in told("product.delete")] == ["staff@example.com"] * 2

    def test_categories(self, office):
        Form(office, url(Category, "add")).send(name="Tea", slug="tea", position="1")
        category = Category.objects.get()
        Form(office, url(Category, "change", category.pk)).send(name="Teas", position="3")
        office.post(url(Category, "delete", category.pk), {"post": "yes"})
        by = "staff@example.com"
        assert told("category.create") == [(by, {}, {"name": "Tea", "slug": "tea", "position": 1})]
        change = ({"name": "Tea", "position": 1}, {"name": "Teas", "position": 3})
        assert told("category.change") == [(by, *change)]
        assert told("category.delete") == [(by, {"name": "Teas", "slug": "tea", "position": 3}, {})]

    def test_a_category_that_is_taken_or_in_use_leaves_no_entry(self, office, tea):
        category, count = Category.objects.get(), AuditEntry.objects.count()
        with pytest.raises(categories.CategoryTaken):
            categories.create_category(name="Drinks", slug="other")
        with pytest.raises(categories.CategoryInUse):
            categories.delete_category(category)
        assert AuditEntry.objects.count() == count

    def test_a_product_leads_to_its_history(self, office, tea):
        update_product(pk=tea.pk, price=Decimal("6.00"))
        factories.product()
        page = office.get(url(Product, "change", tea.pk)).content.decode()
        query = f"?object_kind=product&amp;object_id={tea.pk}"
        assert url(AuditEntry, "changelist") + query in page
        asked = {"object_kind": "product", "object_id": str(tea.pk)}
        listed = office.get(url(AuditEntry, "changelist"), asked).context["cl"].result_list
        assert {entry.action for entry in listed} == {"product.create", "product.change"}
        assert {entry.object_id for entry in listed} == {str(tea.pk)}


class TestInAnImport:
    def test_every_product_has_its_entry(self, run: Run, tea):
        run("slug,name,price,inventory,category\ntea,Tea,6,4,Drinks\ncup,Cup,2,9,Cups", set_stock=True)
        assert told("product.change") == [("import", {"price": 5.0}, {"price": 6.0})]
        assert told("product.stock") == [("import", {"inventory": 10}, {"inventory": 4})]
        (actor, before, after), _ = told("product.create")
        assert (actor, before, after["name"], after["inventory"]) == ("import", {}, "Cup", 9)
        assert [actor for actor, *_ in told("category.create")] == ["import", ""]
        assert AuditEntry.objects.filter(actor="import", ip=None, actor_id=None).count() == 4

    def test_a_second_time_adds_none(self, run: Run):
        file = "slug,name,price\ncup,Cup,2"
        run(file)
        run(file)
        assert AuditEntry.objects.count() == 1

    def test_a_dry_run_adds_none(self, run: Run):
        run("slug,name,price\ncup,Cup,2", dry_run=True)
        assert not AuditEntry.objects.exists()

    def test_a_batch_costs_one_command(self, run: Run, sent):
        rows = "\n".join(f"Cup {n},cup-{n},1" for n in range(2 * BATCH + 1))
        commands = sent(lambda: run(f"name,slug,price\n{rows}"))
        assert commands.count("insert audit_entries") == 3
        assert AuditEntry.objects.filter(action="product.create").count() == 2 * BATCH + 1
        commands = sent(lambda: run(f"name,slug,price\n{rows.replace(',1', ',2')}"))
        assert commands.count("insert audit_entries") == 3


class TestWhatItCosts:
    def test_an_edit_has_one_command_more(self, staff, tea, sent):
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

    def test_reads_have_none(self, api, tea, sent):
        def read():
            api.get("/api/v1/products/tea")
            api.get("/api/v1/products")

        assert not [command for command in sent(read) if "audit" in command]
        assert sent(read) == []


def test_a_deleted_product_keeps_its_history(staff_api, tea):
    staff_api.delete(f"{URL}/{tea.pk}")
    assert [entry.action for entry in audit.entries_of(tea)] == ["product.create", "product.delete"]
