"""What must always be true of products and their stock."""

from collections import Counter as Tally
from collections.abc import Iterator

from catalog import search
from catalog.models import Category, Counter, FormerSlug, Product, StockMovement


def violations() -> Iterator[str]:
    """No stock is negative, and stock is the sum of its movements: zero for a deleted product.

    What is on hold is minus the sum of holds and releases.
    """
    moved, held = _sums(), _sums(reason__in=["hold", "release"])
    highest = 0
    seen: dict[str, set[object]] = {"slug": set(), "product_id": set()}
    for product in Product.objects.order_by().iterator():
        total = moved.pop(product.pk, None)
        if product.inventory < 0:
            yield f"product {product.slug}: inventory {product.inventory} is negative"
        if total != product.inventory:
            yield f"product {product.slug}: inventory {product.inventory}, movements sum to {total}"
        if product.search_terms != search.backend().terms(product.name, product.category):
            yield f"product {product.slug}: its search terms are not those of its name and category"
        if product.on_hold != -held[product.pk] or product.on_hold < 0:
            yield f"product {product.slug}: {product.on_hold} on hold, movements hold {-held[product.pk]}"
        for field, values in seen.items():
            if (value := getattr(product, field)) in values:
                yield f"product {product.slug}: {field} is not unique"
            values.add(value)
        highest = max(highest, product.product_id)
    for pk, total in moved.items():
        if total:
            yield f"deleted product {pk}: movements sum to {total}, not 0"
    if highest > (Counter.objects.filter(name="product_id").values_list("value", flat=True).first() or 0):
        yield f"the product_id counter is behind {highest}"
    yield from _old_slugs(Product)
    yield from _old_slugs(Category)


def _old_slugs(kind: type[Product] | type[Category]) -> Iterator[str]:
    """Each leads to a row that there is, and is no row's own: nobody is led away from a page that exists."""
    name = kind._meta.model_name
    rows = dict(kind._default_manager.values_list("pk", "slug"))
    own = {f"{name}:{slug}" for slug in rows.values()}
    for old in FormerSlug.objects.filter(pk__startswith=f"{name}:").iterator():
        if old.key in own:
            yield f"old slug {old.key} is in use"
        if old.target not in rows:
            yield f"old slug {old.key} leads to nothing"


def _sums(**which: object) -> "Tally[object]":
    """The sum of movements by product; repeated keys would be counted, the unique index forbids them."""
    sums: Tally[object] = Tally()
    movements = StockMovement.objects.filter(**which).values_list("product", "quantity")
    for product, quantity in movements.iterator():
        sums[product] += quantity
    return sums
