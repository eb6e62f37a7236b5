"""Every entry stands with its change or not at all, and nobody edits it."""

import pytest

from ecommerce import audit
from ecommerce.lib.db import run_tx
from ecommerce.models import AuditEntry
from tests.office import office_of, url

pytestmark = pytest.mark.django_db


def note(product, by=None):
    audit.record(
        actor=by, action="product.rename", obj=product, before={"name": "A"}, after={"name": product.name}
    )


def test_an_entry_says_who_did_what_to_what(product, staff):
    note(product, staff)
    [entry] = audit.entries_of(product)
    assert (entry.actor, entry.actor_id) == ("staff@example.com", staff.pk)
    assert (entry.action, entry.object_kind, entry.object_label) == (
        "product.rename",
        "product",
        product.name,
    )
    assert (entry.before, entry.after, entry.ip) == ({"name": "A"}, {"name": product.name}, None)


def test_without_an_actor_it_was_the_shop(product):
    note(product)
    [entry] = audit.entries_of(product)
    assert (entry.actor, entry.actor_id) == ("", None)


def test_a_change_that_fails_leaves_no_entry(product):
    def change():
        note(product)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_tx(change)
    assert not AuditEntry.objects.exists()


def test_an_entry_outlives_the_account_that_made_it(product, staff):
    note(product, staff)
    staff.delete()
    assert [entry.actor for entry in audit.entries_of(product)] == ["staff@example.com"]


def test_the_back_office_finds_entries_by_who_and_by_what(product, staff):
    office = office_of(staff)
    note(product, staff)
    note(product)
    for text, count in (("staff@", 1), (product.name, 2), ("nobody", 0)):
        found = office.get(url(AuditEntry, "changelist"), {"q": text}).context["cl"].result_list
        assert len(found) == count, text
