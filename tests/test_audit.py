"""The audit log: entries are written in the transaction of their change and never edited."""

import csv
import html
import io
import ipaddress
import re
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from ecommerce.core import audit
from ecommerce.core.db import collection, connection, run_tx
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.times import as_json as time_as_json
from tests.support import factories
from tests.support.admin_pages import office_of, url

pytestmark = pytest.mark.django_db


def rename_entries(product):
    return audit.entries_of(product).filter(action="product.rename")


def record_rename(product, by=None):
    audit.record(
        actor=by, action="product.rename", obj=product, before={"name": "A"}, after={"name": product.name}
    )


def test_an_entry_has_actor_action_object_and_values(product, staff):
    record_rename(product, staff)
    [entry] = rename_entries(product)
    assert (entry.actor, entry.actor_id) == ("staff@example.com", staff.pk)
    assert (entry.action, entry.object_kind, entry.object_label) == (
        "product.rename",
        "product",
        product.name,
    )
    assert (entry.before, entry.after, entry.ip) == ({"name": "A"}, {"name": product.name}, None)


def test_an_entry_without_an_actor_is_the_shops_own(product):
    record_rename(product)
    [entry] = rename_entries(product)
    assert (entry.actor, entry.actor_id) == ("", None)


def test_an_entry_is_rolled_back_with_its_change(product):
    def change():
        record_rename(product)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_tx(change)
    assert not rename_entries(product).exists()


def test_an_entry_outlives_the_account_that_made_it(product, staff):
    record_rename(product, staff)
    staff.delete()
    assert [entry.actor for entry in rename_entries(product)] == ["staff@example.com"]


def test_entries_are_found_by_actor_and_object(product, staff):
    office = office_of(staff)
    record_rename(product, staff)
    record_rename(product)
    for text, count in (("staff@", 1), (product.name, 2), ("unknown", 0)):
        query = {"q": text, "action": "product.rename"}
        rows = office.get(url(AuditEntry, "changelist"), query).context["cl"].result_list
        assert len(rows) == count, text


def test_the_migration_marks_what_staff_did_while_they_had_a_role(product, staff, customer):
    """Before, during and after a role, in a log that has no marks yet."""
    for role in ("user", "support", "user"):
        if role != customer.role:
            customer.role = role
            audit.record(actor=staff, action="user.set_role", obj=customer, before={}, after={"role": role})
        record_rename(product, by=customer)
    expected = [entry.by_staff for entry in rename_entries(product)]
    collection(AuditEntry).update_many({}, {"$set": {"by_staff": False}})
    migration = import_module("ecommerce.core.migrations.0003_entries_by_staff")
    migration.mark_entries_of_staff(None, SimpleNamespace(connection=connection))
    assert [entry.by_staff for entry in rename_entries(product)] == expected == [False, True, False]
    assert AuditEntry.objects.filter(actor_id=staff.pk, by_staff=False).count() == 0


class TestTheCallersAddress:
    def recorded_ip(self, staff_api, **headers):
        staff_api.post("/api/v1/admin/products", {"name": "A", "slug": "a", "price": 1}, **headers)
        return AuditEntry.objects.get(action="product.create").ip

    def test_is_that_of_the_connection(self, staff_api):
        assert self.recorded_ip(staff_api, REMOTE_ADDR="198.51.100.4") == "198.51.100.4"

    def test_is_taken_from_a_trusted_proxy(self, staff_api, settings):
        settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1")]
        assert self.recorded_ip(staff_api, HTTP_X_FORWARDED_FOR="203.0.113.7") == "203.0.113.7"

    def test_is_not_taken_from_other_proxies(self, staff_api):
        assert self.recorded_ip(staff_api, HTTP_X_FORWARDED_FOR="203.0.113.7") == "127.0.0.1"

    @pytest.mark.parametrize(
        ("address", "stored"),
        [("", None), ("2001:DB8::1", "2001:db8::1"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4")],
    )
    def test_is_stored_in_every_form(self, staff_api, address, stored):
        assert self.recorded_ip(staff_api, REMOTE_ADDR=address) == stored

    def test_is_forgotten_after_the_request(self, staff_api):
        assert self.recorded_ip(staff_api)
        record_rename(product := factories.product())
        assert {entry.ip for entry in audit.entries_of(product)} == {None}


class TestAppendOnly:
    ATTEMPTS = {
        "update": lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(actor="forged"),
        "bulk update": lambda entry: AuditEntry.objects.bulk_update([entry], ["actor"]),
        "delete": lambda entry: AuditEntry.objects.all().delete(),
        "delete one": lambda entry: entry.delete(),
        "save": lambda entry: entry.save(),
        "save some fields": lambda entry: entry.save(update_fields=["actor"]),
    }

    @pytest.mark.parametrize("attempt", ATTEMPTS)
    def test_entries_cannot_be_changed_or_deleted(self, product, staff, attempt):
        record_rename(product, staff)
        entry = rename_entries(product).get()
        entry.actor = "forged"
        with pytest.raises((TypeError, ValueError, IntegrityError)):
            self.ATTEMPTS[attempt](entry)
        assert rename_entries(product).get().actor == "staff@example.com"

    def test_the_admin_does_not_change_entries(self, product, staff):
        record_rename(product)
        office, entry = office_of(staff), rename_entries(product).get()
        assert office.get(url(AuditEntry, "add")).status_code == 403
        assert office.post(url(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403
        assert office.post(url(AuditEntry, "change", entry.pk), {"actor": "x"}).status_code == 403
        selected = {"action": "delete_selected", "_selected_action": [str(entry.pk)], "post": "yes"}
        office.post(url(AuditEntry, "changelist"), selected)
        assert rename_entries(product).get().actor == ""


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class TestExport:
    def exported(self, *args, **options):
        out = io.StringIO()
        call_command("export_audit", "-", *args, stdout=out, **options)
        return rows_of(out.getvalue())

    def test_has_every_entry_the_oldest_first(self, product, staff):
        record_rename(product, staff)
        first, second = (row for row in self.exported() if row["object_kind"] == "product")
        assert first["action"] == "product.create"
        assert first["at"] == time_as_json(audit.entries_of(product)[0].at)
        del second["at"]
        assert second == {
            "actor_id": str(staff.pk),
            "actor": "staff@example.com",
            "action": "product.rename",
            "object_kind": "product",
            "object_id": str(product.pk),
            "object_label": product.name,
            "before": '{"name": "A"}',
            "after": f'{{"name": "{product.name}"}}',
            "ip": "",
        }

    def test_begins_on_the_given_day(self, product):
        record_rename(product)
        today = timezone.localdate()
        assert len(self.exported(since=today.isoformat())) == 2
        assert self.exported(since=(today + timedelta(days=1)).isoformat()) == []

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "01.02.2026", ""])
    def test_refuses_an_invalid_day(self, product, since):
        with pytest.raises(CommandError, match="is not a day"):
            self.exported(since=since)

    def test_writes_a_file(self, product, tmp_path):
        file, stderr = tmp_path / "audit.csv", io.StringIO()
        call_command("export_audit", str(file), stderr=stderr)
        assert "1 entries in" in stderr.getvalue()
        assert len(rows_of(file.read_text())) == 1

    def test_names_a_file_that_cannot_be_written(self, product, tmp_path):
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_audit", str(tmp_path / "none" / "audit.csv"))

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_has_no_formula_in_a_cell(self, product, name):
        product.name = name
        record_rename(product)
        assert self.exported()[-1]["object_label"].startswith("'")

    def test_of_the_admin_has_the_rows_of_its_list(self, product, staff):
        office = office_of(staff)
        record_rename(product, staff)
        record_rename(product)
        query = {"action": "product.rename", "q": "staff@"}
        page = office.get(url(AuditEntry, "changelist"), query).content.decode()
        link = re.search(r'href="([^"]*/export/[^"]*)"', page)
        response = office.get(html.unescape(link.group(1)))
        assert response.streaming
        assert response["Content-Disposition"] == 'attachment; filename="audit-entries.csv"'
        rows = rows_of(b"".join(response.streaming_content).decode())
        assert [row["actor"] for row in rows] == ["staff@example.com"]

    def test_with_an_invalid_filter_leads_back_to_the_list(self, staff):
        response = office_of(staff).get(reverse("admin:ecommerce_auditentry_export"), {"at__gte": "never"})
        assert response["Location"] == url(AuditEntry, "changelist")

    def test_is_not_for_customers(self, customer):
        assert office_of(customer).get(reverse("admin:ecommerce_auditentry_export")).status_code == 302


def test_entries_are_filtered_by_action_kind_and_object_id(product, staff):
    office = office_of(staff)
    record_rename(product)
    for query, count in (
        ({"action": "product.rename"}, 1),
        ({"object_kind": "product"}, 2),
        ({"q": str(product.pk)}, 2),
        ({"q": str(staff.pk)}, 0),
        ({"action": "product.none"}, 0),
    ):
        rows = office.get(url(AuditEntry, "changelist"), query).context["cl"].result_list
        assert len([row for row in rows if row.object_kind == "product"]) == count, query


def test_the_list_shows_old_and_new_values(product, staff):
    audit.record(
        actor=staff,
        action="product.change",
        obj=product,
        before={"price": 5.0, "description": "x" * 500},
        after={"price": 6.0, "description": None},
    )
    page = office_of(staff).get(url(AuditEntry, "changelist")).content.decode()
    assert f"price: 5.0 → 6.0, description: {'x' * 39}… → –" in page
