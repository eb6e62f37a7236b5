"""Use cases of the cart. A change is one conditional command: concurrent changes lose nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Decimal128
from django.db import IntegrityError
from django.utils.translation import gettext_noop
from pymongo.errors import DuplicateKeyError
from pymongo.results import UpdateResult

from accounts.models import User
from cart import cache
from cart.models import MAX_LINES, MAX_QTY, Buyer, Cart, CartItem, Guest, cart_id, owner_key, user_id
from catalog.models import Product
from ecommerce.core.db import collection, run_tx
from ecommerce.core.errors import Busy, DomainError

TRIES = 10
Update = dict[str, dict[str, Any]]
GUEST_CARTS_KEPT = timedelta(days=30)


class ProductNotAvailable(DomainError):
    message, code, status_code = gettext_noop("Product not available"), "product_not_available", 404


class LineFull(DomainError):
    message, code = gettext_noop("At most %(most)d of one product fit into a cart."), "line_full"
    facts = {"most": MAX_QTY}


class CartFull(DomainError):
    message, code = gettext_noop("At most %(most)d different products fit into a cart."), "cart_full"
    facts = {"most": MAX_LINES}


def get_cart(*, user: Buyer) -> Cart:
    """The customer's cart; reading creates nothing."""
    return Cart.objects.filter(owner=owner_key(user)).first() or Cart.empty(user)


def count_units(owner: str) -> int:
    """How many pieces are in somebody's cart, for the head of a page: from the cache where it can be."""
    return cache.read_count(owner, lambda: _count(owner))


def add_item(*, user: Buyer, product_id: int, qty: int) -> Cart:
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


def set_quantity(*, user: Buyer, product_id: int, qty: int) -> Cart:
    """Set a line that is there; 0 removes it. A line that is gone stays gone. Raises LineFull."""
    if qty > MAX_QTY:
        raise LineFull
    if qty < 1:
        return remove_item(user=user, product_id=product_id)
    _write(owner_key(user), {"items.product_id": product_id}, {"$set": {"items.$.qty": qty}})
    return get_cart(user=user)


def remove_item(*, user: Buyer, product_id: int) -> Cart:
    """Take the whole line out; a line that is not there is no error."""
    line = {"product_id": product_id}
    _write(owner_key(user), {"items.product_id": product_id}, {"$pull": {"items": line}})
    return get_cart(user=user)


def claim(cart: Cart) -> None:
    """Empty this very version of the cart, for an order. Call it inside `run_tx`.

    Another request that changed or claimed it since makes this raise Busy; inside a transaction
    the database sees that conflict first and the whole function runs again.
    """
    this_version = {"_id": cart.pk, "version": cart.version}
    if not _write(cart.owner, this_version, {"$set": {"items": []}}).modified_count:
        raise Busy


def merge_carts(*, guest: Guest, user: User) -> list[int]:
    """Move a guest's lines into the user's cart; answers the products that did not wholly fit.

    Quantities of a product in both are added up to the limit. Of several calls at once one finds the lines.
    """
    try:
        return run_tx(lambda: _merge(guest, user))
    except IntegrityError:  # another tab made the user's cart at this moment
        return run_tx(lambda: _merge(guest, user))


def forget_old_guest_carts() -> int:
    """Delete the carts that their guests have not touched for 30 days; how many."""
    old = Cart.objects.filter(user_id=None, updated_at__lt=datetime.now(UTC) - GUEST_CARTS_KEPT)
    deleted, _ = old.delete()
    if deleted:
        cache.many_carts_changed()
    return deleted


def _count(owner: str) -> int:
    cart = Cart.objects.filter(owner=owner).first()
    return sum(item.qty for item in cart.items) if cart else 0


def _merge(guest: Guest, user: User) -> list[int]:
    source = Cart.objects.filter(owner=owner_key(guest)).first()
    if source is None or not source.items:
        return []
    claim(source)
    target = get_cart(user=user)
    merged, left_out = _merged(target.items, source.items)
    fields = {"items": merged, "version": target.version + 1, "updated_at": datetime.now(UTC)}
    if not Cart.objects.filter(pk=target.pk).update(**fields):
        Cart.objects.create(pk=target.pk, owner=target.owner, user_id=target.user_id, **fields)
    cache.cart_changed(target.owner)
    return left_out


def _merged(mine: list[CartItem], added: list[CartItem]) -> tuple[list[CartItem], list[int]]:
    """Both together within the limits, and the products of what is over."""
    lines, left_out = {item.product_id: item for item in mine}, []
    for item in added:
        line = lines.get(item.product_id)
        if line is None and len(lines) < MAX_LINES:
            lines[item.product_id] = item
            continue
        wanted = item.qty + (line.qty if line else 0)
        if line:
            line.qty = min(wanted, MAX_QTY)
        if line is None or wanted > MAX_QTY:
            left_out.append(item.product_id)
    return list(lines.values()), left_out


def _increase_line(user: Buyer, product: Product, qty: int) -> bool:
    line = {"product_id": product.product_id, "qty": {"$lte": MAX_QTY - qty}}
    price = {"items.$.seen_price": Decimal128(product.price)}
    change: Update = {"$inc": {"items.$.qty": qty}, "$set": price}
    return bool(_write(owner_key(user), {"items": {"$elemMatch": line}}, change).modified_count)


def _begin_line(user: Buyer, product: Product, qty: int) -> bool:
    """Append where the product has no line and there is room; the first line makes the cart."""
    line = {"product_id": product.product_id, "qty": qty, "seen_price": Decimal128(product.price)}
    room = {"items.product_id": {"$ne": product.product_id}, f"items.{MAX_LINES - 1}": {"$exists": False}}
    change: Update = {
        "$push": {"items": line},
        "$setOnInsert": {"_id": cart_id(user), "user_id": user_id(user)},
    }
    try:
        changed = _write(owner_key(user), room, change, upsert=True)
    except DuplicateKeyError:  # the cart is there, but full, or another request began this line
        return False
    return bool(changed.modified_count or changed.upserted_id)


def _write(owner: str, where: dict[str, Any], update: Update, **options: bool) -> UpdateResult:
    """One command on somebody's cart; the heads of their pages hear of it even where its answer is lost."""
    try:
        return collection(Cart).update_one({"owner": owner, **where}, _change(update), **options)
    finally:
        cache.cart_changed(owner)


def _refuse_at_limit(cart: Cart, product_id: int, qty: int) -> None:
    """Raise the limit that stood in the way; nothing where only another request did."""
    quantities = {item.product_id: item.qty for item in cart.items}
    if product_id in quantities and quantities[product_id] + qty > MAX_QTY:
        raise LineFull
    if product_id not in quantities and len(quantities) >= MAX_LINES:
        raise CartFull


def _change(update: Update) -> Update:
    """The update with what every change of a cart brings: one version more, and the time."""
    return {
        **update,
        "$inc": {**update.get("$inc", {}), "version": 1},
        "$set": {**update.get("$set", {}), "updated_at": datetime.now(UTC)},
    }
