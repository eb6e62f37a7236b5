"""Every entry stands with its change or not at all, and nobody edits it."""

import csv
import html
import io
import ipaddress
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.times import as_json as time_as_json
from tests.support import factories
from tests.support.admin_pages import office_of, url

pytestmark = pytest.mark.django_db


def noted(product):
    """Without its own making."""
    return audit.entries_of(product).filter(action="product.rename")


def note(product, by=None):
    audit.record(
        actor=by, action="product.rename", obj=product, before={"name": "A"}, after={"name": product.name}
    )


def test_an_entry_says_who_did_what_to_what(product, staff):
    note(product, staff)
    [entry] = noted(product)
    assert (entry.actor, entry.actor_id) == ("staff@example.com", staff.pk)
    assert (entry.action, entry.object_kind, entry.object_label) == (
        "product.rename",
        "product",
        product.name,
    )
    assert (entry.before, entry.after, entry.ip) == ({"name": "A"}, {"name": product.name}, None)


def test_without_an_actor_it_was_the_shop(product):
    note(product)
    [entry] = noted(product)
    assert (entry.actor, entry.actor_id) == ("", None)


def test_a_change_that_fails_leaves_no_entry(product):
    def change():
        note(product)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_tx(change)
    assert not noted(product).exists()


def test_an_entry_outlives_the_account_that_made_it(product, staff):
    note(product, staff)
    staff.delete()
    assert [entry.actor for entry in noted(product)] == ["staff@example.com"]


def test_the_back_office_finds_entries_by_who_and_by_what(product, staff):
    office = office_of(staff)
    note(product, staff)
    note(product)
    for text, count in (("staff@", 1), (product.name, 2), ("nobody", 0)):
        asked = {"q": text, "action": "product.rename"}
        found = office.get(url(AuditEntry, "changelist"), asked).context["cl"].result_list
        assert len(found) == count, text


class TestTheCallersAddress:
    def made_from(self, staff_api, **headers):
        staff_api.post("/api/v1/admin/products", {"name": "A", "slug": "a", "price": 1}, **headers)
        return AuditEntry.objects.get(action="product.create").ip

    def test_it_is_the_requests(self, staff_api):
        assert self.made_from(staff_api, REMOTE_ADDR="198.51.100.4") == "198.51.100.4"

    def test_a_trusted_proxy_is_believed(self, staff_api, settings):
        settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1")]
        assert self.made_from(staff_api, HTTP_X_FORWARDED_FOR="203.0.113.7") == "203.0.113.7"

    def test_nobody_else_is(self, staff_api):
        assert self.made_from(staff_api, HTTP_X_FORWARDED_FOR="203.0.113.7") == "127.0.0.1"

    @pytest.mark.parametrize(
        ("address", "stored"),
        [("", None), ("2001:DB8::1", "2001:db8::1"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4")],
    )
    def test_whatever_form_it_has(self, staff_api, address, stored):
        assert self.made_from(staff_api, REMOTE_ADDR=address) == stored

    def test_it_is_forgotten_after_the_request(self, staff_api):
        assert self.made_from(staff_api)
        note(product := factories.product())
        assert {entry.ip for entry in audit.entries_of(product)} == {None}


class TestAppendOnly:
    WAYS = {
        "update": lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(actor="nobody"),
        "bulk update": lambda entry: AuditEntry.objects.bulk_update([entry], ["actor"]),
        "delete": lambda entry: AuditEntry.objects.all().delete(),
        "delete one": lambda entry: entry.delete(),
        "save": lambda entry: entry.save(),
        "save some fields": lambda entry: entry.save(update_fields=["actor"]),
    }

    @pytest.mark.parametrize("way", WAYS)
    def test_no_entry_is_changed_or_deleted(self, product, staff, way):
        note(product, staff)
        entry = noted(product).get()
        entry.actor = "nobody"
        with pytest.raises((TypeError, ValueError, IntegrityError)):
            self.WAYS[way](entry)
        assert noted(product).get().actor == "staff@example.com"

    def test_the_back_office_offers_no_way(self, product, staff):
        note(product)
        office, entry = office_of(staff), noted(product).get()
        assert office.get(url(AuditEntry, "add")).status_code == 403
        assert office.post(url(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403
        assert office.post(url(AuditEntry, "change", entry.pk), {"actor": "x"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [str(entry.pk)], "post": "yes"}
        office.post(url(AuditEntry, "changelist"), chosen)
        assert noted(product).get().actor == ""


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class TestExport:
    def exported(self, *args, **options):
        out = io.StringIO()
        call_command("export_audit", "-", *args, stdout=out, **options)
        return rows_of(out.getvalue())

    def test_it_has_every_entry_the_oldest_first(self, product, staff):
        note(product, staff)
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

    def test_it_begins_on_a_day(self, product):
        note(product)
        today = timezone.localdate()
        assert len(self.exported(since=today.isoformat())) == 2
        assert self.exported(since=(today + timedelta(days=1)).isoformat()) == []

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "01.02.2026", ""])
    def test_what_is_no_day_is_refused(self, product, since):
        with pytest.raises(CommandError, match="is not a day"):
            self.exported(since=since)

    def test_it_writes_a_file(self, product, tmp_path):
        file, said = tmp_path / "audit.csv", io.StringIO()
        call_command("export_audit", str(file), stderr=said)
        assert "1 entries in" in said.getvalue()
        assert len(rows_of(file.read_text())) == 1

    def test_a_file_that_cannot_be_written_is_named(self, product, tmp_path):
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_audit", str(tmp_path / "none" / "audit.csv"))

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_no_cell_is_a_formula(self, product, name):
        product.name = name
        note(product)
        assert self.exported()[-1]["object_label"] == f"'{name}"

    def test_the_back_office_streams_what_its_list_shows(self, product, staff):
        office = office_of(staff)
        note(product, staff)
        note(product)
        asked = {"action": "product.rename", "q": "staff@"}
        page = office.get(url(AuditEntry, "changelist"), asked).content.decode()
        link = re.search(r'href="([^"]*/export/[^"]*)"', page)
        response = office.get(html.unescape(link.group(1)))
        assert response.streaming
        assert response["Content-Disposition"] == 'attachment; filename="audit-entries.csv"'
        rows = rows_of(b"".join(response.streaming_content).decode())
        assert [row["actor"] for row in rows] == ["staff@example.com"]

    def test_a_filter_that_means_nothing_leads_back_to_the_list(self, staff):
        response = office_of(staff).get(reverse("admin:ecommerce_auditentry_export"), {"at__gte": "never"})
        assert response["Location"] == url(AuditEntry, "changelist")

    def test_customers_are_sent_away(self, customer):
        assert office_of(customer).get(reverse("admin:ecommerce_auditentry_export")).status_code == 302


def test_the_back_office_filters_by_action_kind_and_object_id(product, staff):
    office = office_of(staff)
    note(product)
    for asked, count in (
        ({"action": "product.rename"}, 1),
        ({"object_kind": "product"}, 2),
        ({"q": str(product.pk)}, 2),
        ({"q": str(staff.pk)}, 0),
        ({"action": "product.none"}, 0),
    ):
        found = office.get(url(AuditEntry, "changelist"), asked).context["cl"].result_list
        assert len([each for each in found if each.object_kind == "product"]) == count, asked


def test_the_back_office_shows_from_what_to_what(product, staff):
    audit.record(
        actor=staff,
        action="product.change",
        obj=product,
        before={"price": 5.0, "description": "x" * 500},
        after={"price": 6.0, "description": None},
    )
    page = office_of(staff).get(url(AuditEntry, "changelist")).content.decode()
    assert f"price: 5.0 → 6.0, description: {'x' * 39}… → –" in page
