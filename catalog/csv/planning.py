"""Planning an import: how each entry of a file differs from the stored products."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from django.db.models import Q

from catalog.audit_records import Actor
from catalog.csv.entry import Entry
from catalog.csv.table import Rejected
from catalog.models import Product

Action = Literal["created", "updated", "unchanged"]
Batch = list[Entry | Rejected]  # of different products
CHANGED = "the product was changed since this was shown: look at the file again"


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Whether an import sets the stock of existing products, who runs it, and what the preview showed."""

    set_stock: bool = False
    by: Actor = None
    previewed: Mapping[int, str] | None = None  # digests by line; None without a preview


@dataclass(frozen=True)
class Done:
    """The outcome of an import for one product, or its preview."""

    line: int
    slug: str
    action: Action
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # old and new value by field

    @property
    def summary(self) -> str:
        """The changes as a sentence."""
        return ", ".join(
            f"{name} from {old!s:.60} to {new!s:.60}" for name, (old, new) in self.changes.items()
        )

    @property
    def digest(self) -> str:
        """A text that is the same only for the same action and changes."""
        return sha256(repr((self.action, sorted(self.changes.items()))).encode()).hexdigest()[:32]


Result = Done | Rejected


@dataclass(frozen=True)
class Plan:
    """An entry, its product if that exists, and the fields in which the two differ."""

    entry: Entry
    product: Product | None
    changes: dict[str, tuple[Any, Any]]

    @property
    def new_values(self) -> dict[str, Any]:
        return {name: new for name, (_, new) in self.changes.items()}

    @property
    def result(self) -> Done:
        return Done(self.entry.line, self.entry.slug, self._action, self.changes)

    @property
    def _action(self) -> Action:
        if self.product is not None:
            return "updated" if self.changes else "unchanged"
        # In a preview the earlier line of a repeated product has not created it yet.
        return "created" if self.entry.earlier_line is None else "updated"


def plans(batch: Batch, options: ImportOptions) -> Iterator[Plan | Rejected]:
    """Compare each entry of the batch with the stored products, which one command reads."""
    entries = [entry for entry in batch if isinstance(entry, Entry)]
    stored = list(Product.objects.filter(_named_by(entries)).order_by().defer("search_terms"))
    products = {product.slug: product for product in stored}
    owners = {product.product_id: product.slug for product in stored}
    for entry in batch:
        if isinstance(entry, Rejected):
            yield entry
        else:
            yield _plan(entry, products.get(entry.slug), owners, options)


def _named_by(entries: list[Entry]) -> Q:
    slugs = Q(slug__in=[entry.slug for entry in entries])
    ids = [entry.product_id for entry in entries if entry.product_id is not None]
    return slugs | Q(product_id__in=ids) if ids else slugs


def _plan(
    entry: Entry, product: Product | None, owners: dict[int, str], options: ImportOptions
) -> Plan | Rejected:
    conflict = _conflict(entry, product, owners)
    if conflict:
        return Rejected(entry.line, conflict)
    plan = Plan(entry, product, _changes(entry, product, options.set_stock) if product else {})
    return plan if _is_as_previewed(plan, options.previewed) else Rejected(entry.line, CHANGED)


def _conflict(entry: Entry, product: Product | None, owners: dict[int, str]) -> str:
    """Return why the entry cannot have its `product_id`: products keep theirs, since carts refer to it."""
    if entry.product_id is None:
        return ""
    if product and product.product_id != entry.product_id:
        return f"{entry.slug} has the product_id {product.product_id}, which stays as it is"
    owner = owners.setdefault(entry.product_id, entry.slug)
    return "" if owner == entry.slug else f"the product_id {entry.product_id} is that of {owner}"


def _changes(entry: Entry, product: Product, set_stock: bool) -> dict[str, tuple[Any, Any]]:
    new_values = dict(entry.fields)
    if set_stock and entry.quantity is not None:
        new_values["inventory"] = entry.quantity
    pairs = {name: (getattr(product, name), new) for name, new in new_values.items()}
    return {name: (old, new) for name, (old, new) in pairs.items() if _differ(old, new)}


def _differ(old: Any, new: Any) -> bool:
    """Compare two values of a field; an empty text and None are the same."""
    return old != new and (old != "" or bool(new))


def _is_as_previewed(plan: Plan, previewed: Mapping[int, str] | None) -> bool:
    """Return whether the import does what its preview showed.

    The later line of a repeated product is not compared: it meets what the earlier line has just written.
    """
    if previewed is None or plan.entry.earlier_line is not None:
        return True
    return previewed.get(plan.entry.line) == plan.result.digest
