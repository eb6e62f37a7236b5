"""Importing the entries of a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bson import ObjectId
from django.db import IntegrityError

from catalog import audit_records, cache, categories, services, stock
from catalog.csv.entry import Entry
from catalog.csv.planning import Batch, Done, ImportOptions, Plan, Result, plans
from catalog.csv.table import Rejected
from catalog.models import Product
from catalog.search import indexing
from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.errors import DomainError

LABEL = "import"  # names the actor in the audit log if the command was run
BATCH = 100  # products in a transaction, which the embedded MongoDB ends after 3 s

Entries = Iterable[Entry | Rejected]
Report = Callable[[Result], None]


def write(entries: Entries, *, report: Report, options: ImportOptions) -> None:
    """Create or update products by slug, and report on each entry as soon as its outcome is known.

    The cache is invalidated once, at the end, even if that is an exception: what is imported by then stays.
    """
    run = _Import(options)
    try:
        for batch in _batches(entries, report):
            for result in run.write(batch):
                report(result)
    finally:
        if run.may_have_changed:
            cache.products_changed()


def preview(entries: Entries, *, report: Report, options: ImportOptions) -> None:
    """Report what `write` would do, without changing anything."""
    for batch in _batches(entries, report):
        for plan in plans(batch, options):
            report(_result(plan))


class _Import:
    """One import: whether it may have changed anything yet, and the categories that certainly exist."""

    def __init__(self, options: ImportOptions) -> None:
        self.may_have_changed = False
        self._options = options
        self._known_categories: set[str] = set()

    def write(self, batch: Batch) -> list[Result]:
        changed_before = self.may_have_changed
        self.may_have_changed = True  # an interruption may come between the commit and the results
        results = _write_batch(batch, self._options)
        created_category = self._create_categories(batch)
        self.may_have_changed = changed_before or created_category or any(map(_is_change, results))
        return results

    def _create_categories(self, batch: Batch) -> bool:
        """Create the categories that the batch names, and return whether one was missing."""
        named = {entry.fields["category"] for entry in batch.values() if entry.fields.get("category")}
        new = sorted(named - self._known_categories)
        self._known_categories |= named
        by = self._options.by
        created = [categories.create_missing_category(name, by=by, label=LABEL) for name in new]
        return any(created)


def _batches(entries: Entries, report: Report) -> Iterator[Batch]:
    """Yield batches without repeated products, so that a later line meets what the earlier one wrote."""
    batch: Batch = {}
    for entry in entries:
        if isinstance(entry, Rejected):
            report(entry)
            continue
        if len(batch) == BATCH or entry.slug in batch:
            yield batch
            batch = {}
        batch[entry.slug] = entry
    if batch:
        yield batch


def _write_batch(batch: Batch, options: ImportOptions) -> list[Result]:
    """Write the batch in one transaction, or if that is refused, each entry in its own."""
    try:
        return run_tx(lambda: _apply(batch, options))
    except (DomainError, IntegrityError):
        return [_write_one(entry, options) for entry in batch.values()]


def _write_one(entry: Entry, options: ImportOptions) -> Result:
    try:
        return run_tx(lambda: _apply({entry.slug: entry}, options))[0]
    except DomainError as refusal:
        return Rejected(entry.line, refusal.message)
    except IntegrityError:  # a concurrent request created it
        return Rejected(entry.line, "another product has this slug or product_id")


def _apply(batch: Batch, options: ImportOptions) -> list[Result]:
    planned = list(plans(batch, options))
    accepted = [plan for plan in planned if isinstance(plan, Plan)]
    _create([plan.entry for plan in accepted if plan.product is None], options)
    updates = [(plan.product, plan.new_values) for plan in accepted if plan.product and plan.changes]
    _audit(updates, options)
    for product, new_values in updates:
        _update(product, new_values)
    return [_result(plan) for plan in planned]


def _create(entries: Sequence[Entry], options: ImportOptions) -> None:
    if entries:
        services.insert_products([_new_row(entry) for entry in entries], by=options.by, label=LABEL)


def _new_row(entry: Entry) -> dict[str, Any]:
    unique = {"pk": ObjectId(), "slug": entry.slug, "product_id": entry.product_id}
    return {**unique, "inventory": entry.quantity or 0, **entry.fields}


def _audit(updates: Iterable[tuple[Product, dict[str, Any]]], options: ImportOptions) -> None:
    audit.record_all(
        entry
        for product, new_values in updates
        for entry in audit_records.changed(product, fields=new_values, by=options.by, label=LABEL)
    )


def _update(product: Product, new_values: dict[str, Any]) -> None:
    fields = dict(new_values)
    if "inventory" in fields:
        stock.set_level(product.pk, level=fields.pop("inventory"))
    if fields:
        Product.objects.filter(pk=product.pk).update(**indexing.with_terms(product, changes=fields))


def _result(plan: Plan | Rejected) -> Result:
    return plan.result if isinstance(plan, Plan) else plan


def _is_change(result: Result) -> bool:
    return isinstance(result, Done) and result.action != "unchanged"
