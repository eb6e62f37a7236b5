"""Use cases of the cart. A change is one conditional command: concurrent changes lose nothing."""

from datetime import UTC, datetime
from typing import Any

from bson import Decimal128, ObjectId
from pymongo.errors import DuplicateKeyError

from accounts.models import User
from cart.models import MAX_LINES, MAX_QTY, Cart, owner_key
from catalog.models import Product
from ecommerce.lib.db import collection
from ecommerce.lib.errors import Busy, DomainError

TRIES = 10


class ProductNotAvailable(DomainError):
    message, code, status_code = "Product not available", "product_not_available", 404


class LineFull(DomainError):
    message, code = f"At most {MAX_QTY} of one product fit into a cart.", "line_full"


class CartFull(DomainError):
    message, code = f"At most {MAX_LINES} different products fit into a cart.", "cart_full"


def get_cart(*, user: User) -> Cart:
    """The user's cart; reading creates nothing."""
    return Cart.objects.filter(owner=owner_key(user)).first() or Cart.empty(user)


def add_item(*, user: User, product_id: int, qty: int) -> Cart:
    """Add to the line of this product, or begin one.

    Raises ProductNotAvailable for an unknown or hidden product, LineFull or CartFull at the limits.
    Stock is not looked at here: an order is refused where it is short.
    """
    product = Product.objects.visible().filter(product_id=product_id).first()
    if product is None:
        raise ProductNotAvailable
    if qty > MAX_QTY:
        raise LineFull
    for _ in range(TRIES):
        if _increase_line(user, product, qty) or _begin_line(user, product, qty):
            return get_cart(user=user)
        _refuse_at_limit(get_cart(user=user), product_id, qty)
    raise Busy


def set_quantity(*, user: User, product_id: int, qty: int) -> Cart:
    """Set a line that is there; 0 removes it. A line that is gone stays gone. Raises LineFull."""
    if qty > MAX_QTY:
        raise LineFull
    if qty < 1:
        return remove_item(user=user, product_id=product_id)
    collection(Cart).update_one(
        {"owner": owner_key(user), "items.product_id": product_id},
        _change({"$set": {"items.$.qty": qty}}),
    )
    return get_cart(user=user)


def remove_item(*, user: User, product_id: int) -> Cart:
    """Take the whole line out; a line that is not there is no error."""
    collection(Cart).update_one(
        {"owner": owner_key(user), "items.product_id": product_id},
        _change({"$pull": {"items": {"product_id": product_id}}}),
    )
    return get_cart(user=user)


def claim(cart: Cart) -> None:
    """Empty this very version of the cart, for an order. Call it inside `run_tx`.

    Another request that changed or claimed it since makes this raise Busy; inside a transaction
    the database sees that conflict first and the whole function runs again.
    """
    claimed = collection(Cart).update_one(
        {"_id": cart.pk, "version": cart.version}, _change({"$set": {"items": []}})
    )
    if not claimed.modified_count:
        raise Busy


def _increase_line(user: User, product: Product, qty: int) -> bool:
    line = {"product_id": product.product_id, "qty": {"$lte": MAX_QTY - qty}}
    changed = collection(Cart).update_one(
        {"owner": owner_key(user), "items": {"$elemMatch": line}},
        _change({"$inc": {"items.$.qty": qty}, "$set": {"items.$.seen_price": Decimal128(product.price)}}),
    )
    return bool(changed.modified_count)


def _begin_line(user: User, product: Product, qty: int) -> bool:
    """Append where the product has no line and there is room; the first line makes the cart."""
    line = {"product_id": product.product_id, "qty": qty, "seen_price": Decimal128(product.price)}
    try:
        changed = collection(Cart).update_one(
            {
                "owner": owner_key(user),
                "items.product_id": {"$ne": product.product_id},
                f"items.{MAX_LINES - 1}": {"$exists": False},
            },
            _change(
                {
                    "$push": {"items": line},
                    "$setOnInsert": {"_id": ObjectId(str(user.pk)), "user_id": str(user.pk)},
                }
            ),
            upsert=True,
        )
    except DuplicateKeyError:  # the cart is there, but full, or another request began this line
        return False
    return bool(changed.modified_count or changed.upserted_id)


def _refuse_at_limit(cart: Cart, product_id: int, qty: int) -> None:
    """Raise the limit that stood in the way; nothing where only another request did."""
    quantities = {item.product_id: item.qty for item in cart.items}
    if product_id in quantities and quantities[product_id] + qty > MAX_QTY:
        raise LineFull
    if product_id not in quantities and len(quantities) >= MAX_LINES:
        raise CartFull


def _change(update: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The update with what every change of a cart brings: one version more, and the time."""
    return {
        **update,
        "$inc": {**update.get("$inc", {}), "version": 1},
        "$set": {**update.get("$set", {}), "updated_at": datetime.now(UTC)},
    }
