"""Invariants of products, their stock and their former slugs, for `manage.py fsck`."""

from collections import Counter as Tally
from collections.abc import Iterator

from bson import ObjectId

from catalog import search
from catalog.models import Category, Counter, FormerSlug, Product, StockMovement


def violations() -> Iterator[str]:
    """Yield a sentence for each violated invariant."""
    moved, held = _movement_sums(), _movement_sums(reason__in=["hold", "release"])
    identifiers = _Identifiers()
    for product in Product.objects.order_by().iterator():
        yield from _of_stock(product, moved.pop(product.pk, None), -held[product.pk])
        yield from _of_search_terms(product)
        yield from identifiers.violations(product)
    for pk, total in moved.items():
        if total:
            yield f"deleted product {pk}: movements sum to {total}, not 0"
    yield from identifiers.counter_violations()
    yield from _of_former_slugs(Product)
    yield from _of_former_slugs(Category)


def _of_stock(product: Product, moved: int | None, held: int) -> Iterator[str]:
    """Check that no stock is negative, and that it is the sum of its movements."""
    if product.inventory < 0:
        yield f"product {product.slug}: inventory {product.inventory} is negative"
    if moved != product.inventory:
        yield f"product {product.slug}: inventory {product.inventory}, movements sum to {moved}"
    if product.on_hold != held or product.on_hold < 0:
        yield f"product {product.slug}: {product.on_hold} on hold, movements hold {held}"


def _of_search_terms(product: Product) -> Iterator[str]:
    if product.search_terms != search.backend().terms(product.name, product.category):
        yield f"product {product.slug}: its search terms are not those of its name and category"


class _Identifiers:
    """The unique fields of all products seen so far."""

    def __init__(self) -> None:
        self._seen: dict[str, set[object]] = {"slug": set(), "product_id": set()}
        self._highest = 0

    def violations(self, product: Product) -> Iterator[str]:
        for field, values in self._seen.items():
            value = getattr(product, field)
            if value in values:
                yield f"product {product.slug}: {field} is not unique"
            values.add(value)
        self._highest = max(self._highest, product.product_id)

    def counter_violations(self) -> Iterator[str]:
        """Check that the counter has reached every number in use."""
        counter = Counter.objects.filter(name="product_id").values_list("value", flat=True).first() or 0
        if self._highest > counter:
            yield f"the product_id counter is behind {self._highest}"


def _of_former_slugs(kind: type[Product] | type[Category]) -> Iterator[str]:
    """Check that each redirects to an existing row, and that no row has it as its current slug."""
    name = kind._meta.model_name
    rows = dict(kind._default_manager.values_list("pk", "slug"))
    current = {f"{name}:{slug}" for slug in rows.values()}
    for former in FormerSlug.objects.filter(pk__startswith=f"{name}:").iterator():
        if former.key in current:
            yield f"old slug {former.key} is in use"
        if former.target not in rows:
            yield f"old slug {former.key} leads to nothing"


def _movement_sums(**filters: object) -> "Tally[ObjectId]":
    """Return the sum of movements per product; a unique index prevents repeated movements."""
    sums: Tally[ObjectId] = Tally()
    movements = StockMovement.objects.filter(**filters).values_list("product", "quantity")
    for product, quantity in movements.iterator():
        sums[product] += quantity
    return sums
