"""Importing the entries of a file."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bson import ObjectId
from django.db import IntegrityError

from catalog import cache, services
from catalog.categories import KnownCategories
from catalog.csv.entry import Entry
from catalog.csv.planning import Batch, Done, ImportOptions, Plan, Result, plans
from catalog.csv.table import Rejected
from catalog.models import Category
from ecommerce.core.db import run_tx
from ecommerce.core.errors import Busy, DomainError

LABEL = "import"  # names the actor in the audit log if the command was run
BATCH, BATCH_TEXT = 1000, 4_000_000  # entries and characters in a transaction of at most nine commands

Entries = Iterable[Entry | Rejected]
Report = Callable[[Result], None]


def write(entries: Entries, *, report: Report, options: ImportOptions) -> None:
    """Create or update products by slug, and report on the entries, in their order, after each batch.

    The cache is invalidated once, at the end, even if that is an exception: what is imported by then stays.
    """
    run = _Import(options)
    try:
        for batch in _batches(entries):
            for result in run.write(batch):
                report(result)
    finally:
        if run.may_have_changed:
            cache.products_changed()


def preview(entries: Entries, *, report: Report, options: ImportOptions) -> None:
    """Report what `write` would do, without changing anything."""
    for batch in _batches(entries):
        for plan in plans(batch, options):
            report(_result(plan))


class _Import:
    """One import: whether it may have changed anything yet, and the categories that exist."""

    def __init__(self, options: ImportOptions) -> None:
        self.may_have_changed = False
        self._options = options
        self._categories = KnownCategories()
        self._most = BATCH  # less once a transaction was too large for the database

    def write(self, batch: Batch) -> Iterator[Result]:
        """Write the batch in one transaction, or if that is refused, each half in its own, and so on."""
        if len(batch) > self._most:
            yield from self._write_both_halves(batch)
            return
        changed_before = self.may_have_changed
        self.may_have_changed = True  # an interruption may come between the commit and the results
        try:
            results, created = run_tx(lambda: self._apply(batch))
        except (DomainError, IntegrityError) as error:
            self.may_have_changed = changed_before
            yield from self._after_refusal(batch, error)
        else:
            self._categories.add(created)
            self.may_have_changed = changed_before or bool(created) or any(map(_is_change, results))
            yield from results

    def _after_refusal(self, batch: Batch, error: DomainError | IntegrityError) -> Iterator[Result]:
        known, self._categories = self._categories, KnownCategories()
        if len(batch) > 1:
            self._most = len(batch) // 2 if isinstance(error, Busy) else self._most
            yield from self._write_both_halves(batch)
        elif self._categories.names != known.names:  # a concurrent request has created one
            yield from self.write(batch)
        else:
            yield Rejected(batch[0].line, _reason(error))

    def _write_both_halves(self, batch: Batch) -> Iterator[Result]:
        middle = len(batch) // 2
        yield from self.write(batch[:middle])
        yield from self.write(batch[middle:])

    def _apply(self, batch: Batch) -> tuple[list[Result], list[Category]]:
        planned = list(plans(batch, self._options))
        accepted = [plan for plan in planned if isinstance(plan, Plan)]
        names = (plan.entry.fields.get("category") for plan in accepted)
        categories = self._categories.missing(filter(None, names))
        services.write_products(
            new=[_new_row(plan.entry) for plan in accepted if plan.product is None],
            changes=[(plan.product, plan.new_values) for plan in accepted if plan.product and plan.changes],
            categories=categories,
            by=self._options.by,
            label=LABEL,
        )
        return [_result(plan) for plan in planned], categories


def _batches(entries: Entries) -> Iterator[Batch]:
    """Yield batches without repeated products, so that a later line meets what the earlier one wrote."""
    batch, slugs, text = Batch(), set[str | None](), 0
    for entry in entries:
        slug = entry.slug if isinstance(entry, Entry) else None
        if len(batch) == BATCH or text > BATCH_TEXT or (slug and slug in slugs):
            yield batch
            batch, slugs, text = [], set(), 0
        batch.append(entry)
        slugs.add(slug)
        text += _length(entry)
    if batch:
        yield batch


def _length(entry: Entry | Rejected) -> int:
    """Return the number of characters, which bounds the memory of a batch and the size of its transaction."""
    values = entry.fields.values() if isinstance(entry, Entry) else ()
    return sum(len(value) for value in values if isinstance(value, str))


def _reason(error: DomainError | IntegrityError) -> str:
    if isinstance(error, DomainError):
        return error.message
    return "another product has this slug or product_id"  # a concurrent request created it


def _new_row(entry: Entry) -> dict[str, Any]:
    unique = {"pk": ObjectId(), "slug": entry.slug, "product_id": entry.product_id}
    return {**unique, "inventory": entry.quantity or 0, **entry.fields}


def _result(plan: Plan | Rejected) -> Result:
    return plan.result if isinstance(plan, Plan) else plan


def _is_change(result: Result) -> bool:
    return isinstance(result, Done) and result.action != "unchanged"
