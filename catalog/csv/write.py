"""Entries into the database: several a transaction, and where one refuses, each on its own."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from bson import ObjectId
from django.db import IntegrityError

from catalog import cache, categories, history, services, stock
from catalog.csv.entry import Entry
from catalog.csv.table import Rejected
from catalog.history import Actor
from catalog.models import Product
from catalog.search import indexing
from ecommerce.core import audit
from ecommerce.core.db import run_tx
from ecommerce.core.errors import DomainError

Outcome = Literal["created", "updated", "unchanged"]
CHANGED = "the product was changed since this was shown: look at the file again"
LABEL = "import"  # stands in the audit for whoever ran the command
BATCH = 100  # the embedded MongoDB ends a transaction after 3 s


@dataclass(frozen=True)
class Done:
    """What became of a product, or in a dry run would."""

    line: int
    slug: str
    outcome: Outcome
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # from, to

    @property
    def said(self) -> str:
        """What changes, for people."""
        return ", ".join(
            f"{name} from {old!s:.60} to {new!s:.60}" for name, (old, new) in self.changes.items()
        )

    @property
    def digest(self) -> str:
        """The same for the same outcome and changes, and for no others."""
        return sha256(repr((self.outcome, sorted(self.changes.items()))).encode()).hexdigest()[:32]


Result = Done | Rejected
Report = Callable[[Result], None]
Batch = dict[str, Entry]  # by slug


@dataclass(frozen=True, kw_only=True)
class How:
    """Whether existing products' stock is set, who is at it, and what they were shown, by line."""

    set_stock: bool = False
    by: Actor = None
    shown: Mapping[int, str] | None = None

    def is_as_shown(self, plan: "Plan") -> bool:
        """The later line of a product finds what the earlier one wrote, so that one stands for both."""
        if self.shown is None or plan.entry.earlier_line is not None:
            return True
        return self.shown.get(plan.entry.line) == plan.result.digest


def write(entries: Iterable[Entry | Rejected], report: Report, how: How) -> None:
    """Create or update by slug, and report on each entry as soon as it is known.

    The cache is told once, at the end, which may be an exception: what is in by then stays in.
    """
    changed, names = False, set[str]()
    try:
        for batch in _batches(entries, report):
            before, changed = changed, True  # a stop may come after the commit, before the result
            results = _write(batch, how)
            made = _make_categories(batch, names, how)
            changed = before or made or any(_is_change(result) for result in results)
            for result in results:
                report(result)
    finally:
        if changed:
            cache.products_changed()


def preview(entries: Iterable[Entry | Rejected], report: Report, how: How) -> None:
    """Report what `write` would do, and change nothing."""
    for batch in _batches(entries, report):
        for plan in _plans(batch, how):
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


def _write(batch: Batch, how: How) -> list[Result]:
    try:
        return run_tx(lambda: _apply(batch, how))
    except (DomainError, IntegrityError):
        return [_write_one(entry, how) for entry in batch.values()]


def _write_one(entry: Entry, how: How) -> Result:
    try:
        return run_tx(lambda: _apply({entry.slug: entry}, how))[0]
    except DomainError as refusal:
        return Rejected(entry.line, refusal.message)
    except IntegrityError:  # somebody else made it meanwhile
        return Rejected(entry.line, "another product has this slug or product_id")


def _apply(batch: Batch, how: How) -> list[Result]:
    found = list(_plans(batch, how))
    plans = [plan for plan in found if isinstance(plan, Plan)]
    if new := [_new_row(plan.entry) for plan in plans if plan.product is None]:
        services.insert_products(new, by=how.by, label=LABEL)
    changes = [(plan.product, plan.wanted) for plan in plans if plan.product is not None and plan.changes]
    audit.record_all(
        entry
        for product, wanted in changes
        for entry in history.changed(product, wanted, by=how.by, label=LABEL)
    )
    for product, wanted in changes:
        _update(product, wanted)
    return [plan.result if isinstance(plan, Plan) else plan for plan in found]


def _new_row(entry: Entry) -> dict[str, Any]:
    unique = {"pk": ObjectId(), "slug": entry.slug, "product_id": entry.product_id}
    return {**unique, "inventory": entry.quantity or 0, **entry.fields}


def _update(product: Product, changes: dict[str, Any]) -> None:
    if "inventory" in changes:
        stock.set_level(product.pk, level=changes.pop("inventory"))
    if changes:
        Product.objects.filter(pk=product.pk).update(**indexing.with_terms(product, changes))


def _plans(batch: Batch, how: How) -> Iterator[Plan | Rejected]:
    products = {product.slug: product for product in Product.objects.filter(slug__in=batch)}
    given = [entry.product_id for entry in batch.values() if entry.product_id is not None]
    holders = dict(Product.objects.filter(product_id__in=given).values_list("product_id", "slug"))
    for entry in batch.values():
        product = products.get(entry.slug)
        if conflict := _conflict(entry, product, holders):
            yield Rejected(entry.line, conflict)
        else:
            plan = Plan(entry, product, _changes(entry, product, how) if product else {})
            yield plan if how.is_as_shown(plan) else Rejected(entry.line, CHANGED)


def _conflict(entry: Entry, product: Product | None, holders: dict[int, str]) -> str:
    """Products keep their product_id: carts know them by it."""
    if entry.product_id is None:
        return ""
    if product and product.product_id != entry.product_id:
        return f"{entry.slug} has the product_id {product.product_id}, which stays as it is"
    holder = holders.setdefault(entry.product_id, entry.slug)
    return "" if holder == entry.slug else f"the product_id {entry.product_id} is that of {holder}"


def _changes(entry: Entry, product: Product, how: How) -> dict[str, tuple[Any, Any]]:
    wanted = dict(entry.fields)
    if how.set_stock and entry.quantity is not None:
        wanted["inventory"] = entry.quantity
    pairs = {name: (getattr(product, name), new) for name, new in wanted.items()}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new and (old != "" or new)}


def _make_categories(batch: Batch, seen: set[str], how: How) -> bool:
    """A page for every category that a product names; True where one was missing."""
    names = {name for entry in batch.values() if (name := entry.fields.get("category"))} - seen
    seen |= names
    made = [categories.create_missing_category(name, by=how.by, label=LABEL) for name in sorted(names)]
    return any(made)


def _is_change(result: Result) -> bool:
    return isinstance(result, Done) and result.outcome != "unchanged"
