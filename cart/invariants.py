"""The invariants of carts, checked by `manage.py fsck`."""

from collections.abc import Iterator

from cart.models import MAX_LINES, MAX_QTY, Cart


def violations() -> Iterator[str]:
    """Yield each violation: a product with two lines, an exceeded limit, an owner with two carts."""
    owners: set[str] = set()
    for cart in Cart.objects.order_by().iterator():
        products = [item.product_id for item in cart.items]
        if len(products) != len(set(products)):
            yield f"cart {cart.owner}: a product has two lines"
        if len(products) > MAX_LINES:
            yield f"cart {cart.owner}: {len(products)} lines"
        if any(not 1 <= item.qty <= MAX_QTY for item in cart.items):
            yield f"cart {cart.owner}: a quantity is out of range"
        if cart.owner in owners:
            yield f"cart {cart.owner}: the owner has two carts"
        owners.add(cart.owner)
