"""Entries into the database: several a transaction, and where one refuses, each on its own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from bson import ObjectId
from django.db import IntegrityError

from catalog import cache, categories, history, services, stock
from catalog.importer.entry import Entry
from catalog.importer.table import Rejected
from catalog.models import Product
from catalog.search import indexing
from ecommerce import audit
from ecommerce.lib.db import run_tx
from ecommerce.lib.errors import DomainError

Outcome = Literal["created", "updated", "unchanged"]
LABEL = "import"  # stands in the audit for whoever ran the command
BATCH = 100  # the embedded MongoDB ends a transaction after 3 s


@dataclass(frozen=True)
class Done:
    """What became of a product, or in a dry run would."""

    line: int
    slug: str
    outcome: Outcome
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # from, to


Result = Done | Rejected
Report = Callable[[Result], None]
Batch = dict[str, Entry]  # by slug


def write(entries: Iterable[Entry | Rejected], report: Report, *, set_stock: bool = False) -> None:
    """Create or update by slug, and report on each entry as soon as it is known.

    The cache is told once, at the end, which may be an exception: what is in by then stays in.
    """
    changed, names = False, set[str]()
    try:
        for batch in _batches(entries, report):
            before, changed = changed, True  # a stop may come after the commit, before the result
            results = _write(batch, set_stock)
            made = _make_categories(batch, names)
            changed = before or made or any(_is_change(result) for result in results)
            for result in results:
                report(result)
    finally:
        if changed:
            cache.products_changed()


def preview(entries: Iterable[Entry | Rejected], report: Report, *, set_stock: bool = False) -> None:
    """Report what `write` would do, and change nothing."""
    for batch in _batches(entries, report):
        for plan in _plans(batch, set_stock):
            report(plan.result if isinstance(plan, Plan) else plan)


@dataclass(frozen=True)
class Plan:
    entry: Entry
    product: Product | None
    changes: dict[str, tuple[Any, Any]]

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: new for name, (_, new) in self.changes.items()}

    @property
    def result(self) -> Done:
        """Of a product that comes twice, the later line is an update, whether or not the earlier is in."""
        outcome: Outcome
        if self.product is None:
            outcome = "created" if self.entry.earlier_line is None else "updated"
        else:
            outcome = "updated" if self.changes else "unchanged"
        return Done(self.entry.line, self.entry.slug, outcome, self.changes)


def _batches(entries: Iterable[Entry | Rejected], report: Report) -> Iterator[Batch]:
    """A product comes once in a batch, so that its later line finds what the earlier one wrote."""
    batch: Batch = {}
    for each in entries:
        if isinstance(each, Rejected):
            report(each)
            continue
        if len(batch) == BATCH or each.slug in batch:
            yield batch
            batch = {}
        batch[each.slug] = each
    if batch:
        yield batch


def _write(batch: Batch, set_stock: bool) -> list[Result]:
    try:
        return run_tx(lambda: _apply(batch, set_stock))
    except (DomainError, IntegrityError):
        return [_write_one(entry, set_stock) for entry in batch.values()]


def _write_one(entry: Entry, set_stock: bool) -> Result:
    try:
        return run_tx(lambda: _apply({entry.slug: entry}, set_stock))[0]
    except DomainError as refusal:
        return Rejected(entry.line, refusal.message)
    except IntegrityError:  # somebody else made it meanwhile
        return Rejected(entry.line, "another product has this slug or product_id")


def _apply(batch: Batch, set_stock: bool) -> list[Result]:
    found = list(_plans(batch, set_stock))
    plans = [plan for plan in found if isinstance(plan, Plan)]
    if new := [_new_row(plan.entry) for plan in plans if plan.product is None]:
        services.insert_products(new, label=LABEL)
    changes = [(plan.product, plan.wanted) for plan in plans if plan.product is not None and plan.changes]
    audit.record_all(
        entry for product, wanted in changes for entry in history.changed(product, wanted, label=LABEL)
    )
    for product, wanted in changes:
        _update(product, wanted)
    return [plan.result if isinstance(plan, Plan) else plan for plan in found]


def _new_row(entry: Entry) -> dict[str, Any]:
    unique = {"pk": ObjectId(), "slug": entry.slug, "product_id": entry.product_id}
    return {**unique, "inventory": entry.quantity or 0, **entry.fields}


def _update(product: Product, changes: dict[str, Any]) -> None:
    if "inventory" in changes:
        stock.set_level(product.pk, changes.pop("inventory"))
    if changes:
        Product.objects.filter(pk=product.pk).update(**indexing.with_terms(product, changes))


def _plans(batch: Batch, set_stock: bool) -> Iterator[Plan | Rejected]:
    products = {product.slug: product for product in Product.objects.filter(slug__in=batch)}
    given = [entry.product_id for entry in batch.values() if entry.product_id is not None]
    holders = dict(Product.objects.filter(product_id__in=given).values_list("product_id", "slug"))
    for entry in batch.values():
        product = products.get(entry.slug)
        if conflict := _conflict(entry, product, holders):
            yield Rejected(entry.line, conflict)
        else:
            yield Plan(entry, product, _changes(entry, product, set_stock) if product else {})


def _conflict(entry: Entry, product: Product | None, holders: dict[int, str]) -> str:
    """Products keep their product_id: carts know them by it."""
    if entry.product_id is None:
        return ""
    if product and product.product_id != entry.product_id:
        return f"{entry.slug} has the product_id {product.product_id}, which stays as it is"
    holder = holders.setdefault(entry.product_id, entry.slug)
    return "" if holder == entry.slug else f"the product_id {entry.product_id} is that of {holder}"


def _changes(entry: Entry, product: Product, set_stock: bool) -> dict[str, tuple[Any, Any]]:
    wanted = dict(entry.fields)
    if set_stock and entry.quantity is not None:
        wanted["inventory"] = entry.quantity
    pairs = {name: (getattr(product, name), new) for name, new in wanted.items()}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new and (old != "" or new)}


def _make_categories(batch: Batch, seen: set[str]) -> bool:
    """A page for every category that a product names; True where one was missing."""
    names = {name for entry in batch.values() if (name := entry.fields.get("category"))} - seen
    seen |= names
    made = [categories.make_missing(name, label=LABEL) for name in sorted(names)]
    return any(made)


def _is_change(result: Result) -> bool:
    return isinstance(result, Done) and result.outcome != "unchanged"
