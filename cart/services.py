"""Use cases of the cart. Each change is one conditional command, so concurrent changes lose nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Decimal128
from django.db import IntegrityError
from django.utils.translation import gettext_noop
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.results import UpdateResult

from accounts.models import User
from cart import cache
from cart.models import (
    MAX_LINES,
    MAX_QTY,
    Buyer,
    Cart,
    CartItem,
    Guest,
    cart_id,
    largest_quantity,
    owner_key,
    user_id,
)
from catalog.models import Product
from ecommerce.core.db import collection, run_tx
from ecommerce.core.errors import Busy, DomainError

MAX_ATTEMPTS = 10
GUEST_CART_LIFETIME = timedelta(days=30)
Update = dict[str, dict[str, Any]]


class ProductNotAvailable(DomainError):
    message, code, status_code = gettext_noop("Product not available"), "product_not_available", 404


class LineFull(DomainError):
    message, code = gettext_noop("At most %(most)d of one product fit into a cart."), "line_full"
    facts = {"most": MAX_QTY}


class CartFull(DomainError):
    message, code = gettext_noop("At most %(most)d different products fit into a cart."), "cart_full"
    facts = {"most": MAX_LINES}


@dataclass(frozen=True)
class LimitedQuantity:
    """The quantity of a product that the customer wanted, and the one that `largest_quantity` allows."""

    wanted: int
    allowed: int
    added: int = 0

    @property
    def is_reduced(self) -> bool:
        return self.allowed < self.wanted


def get_cart(*, user: Buyer) -> Cart:
    """Return the customer's cart, or an empty one that is not stored."""
    return Cart.objects.filter(owner=owner_key(user)).first() or Cart.empty(user)


def count_units(owner: str) -> int:
    """Return the number of items in the owner's cart, from the cache if possible."""
    return cache.read_count(owner, lambda: _count(owner))


def get_product(product_id: int) -> Product:
    """Return the product, or raise ProductNotAvailable if it is unknown or hidden."""
    product = Product.objects.visible().filter(product_id=product_id).first()
    if product is None:
        raise ProductNotAvailable
    return product


def add_item(*, user: Buyer, product_id: int, qty: int) -> Cart:
    """Add to the product's line, or begin one, and return the cart.

    Stock is not checked here: an order is refused if it is short. Raises ProductNotAvailable, LineFull or
    CartFull, and Busy if concurrent requests got in the way too often.
    """
    return _add(get_product(product_id), user, qty)


def add_up_to_stock(product: Product, *, user: Buyer, qty: int) -> LimitedQuantity:
    """Add as many of the product as the stock and a line allow, and return how many that were.

    Raises CartFull; and LineFull or Busy if concurrent requests got in the way.
    """
    quantities = get_cart(user=user).quantities
    held = quantities.get(product.product_id, 0)
    wanted = held + qty
    allowed = min(wanted, largest_quantity(product))
    added = max(0, allowed - held)
    if added:
        _add(product, user, added)
    return LimitedQuantity(wanted, allowed, added)


def set_quantity(*, user: Buyer, product_id: int, qty: int) -> Cart:
    """Set the quantity of a line and return the cart; 0 removes the line.

    A line that another request removed stays removed. Raises LineFull.
    """
    if qty > MAX_QTY:
        raise LineFull
    if qty < 1:
        return remove_item(user=user, product_id=product_id)
    _write(owner_key(user), {"items.product_id": product_id}, {"$set": {"items.$.qty": qty}})
    return get_cart(user=user)


def set_quantity_up_to_stock(product: Product, *, user: Buyer, qty: int) -> LimitedQuantity:
    """Set the line to as many as the stock and a line allow, and return how many that are.

    The line of a product that is sold out stays as it is.
    """
    allowed = min(qty, largest_quantity(product))
    if allowed:
        set_quantity(user=user, product_id=product.product_id, qty=allowed)
    return LimitedQuantity(qty, allowed)


def remove_item(*, user: Buyer, product_id: int) -> Cart:
    """Remove the whole line, if there is one, and return the cart."""
    line = {"product_id": product_id}
    _write(owner_key(user), {"items.product_id": product_id}, {"$pull": {"items": line}})
    return get_cart(user=user)


def claim(cart: Cart) -> None:
    """Empty exactly this version of the cart because it becomes an order. Call it inside `run_tx`.

    Raises Busy if another request has changed or claimed the cart since it was read. In a transaction the
    database usually reports that conflict first, and the whole transaction is retried.
    """
    this_version = {"_id": cart.pk, "version": cart.version}
    if not _write(cart.owner, this_version, {"$set": {"items": []}}).modified_count:
        raise Busy


def merge_carts(*, guest: Guest, user: User) -> list[int]:
    """Move the guest's lines into the user's cart and return the products that did not fit completely.

    Quantities of a product that is in both carts are added up. Of concurrent calls only one finds the lines.
    """
    try:
        return run_tx(lambda: _merge(guest, user))
    except IntegrityError:  # a concurrent request has just created the user's cart
        return run_tx(lambda: _merge(guest, user))


def forget_old_guest_carts() -> int:
    """Delete the guests' carts that have not changed for 30 days, and return how many."""
    old = Cart.objects.filter(user_id=None, updated_at__lt=datetime.now(UTC) - GUEST_CART_LIFETIME)
    deleted, _ = old.delete()
    if deleted:
        cache.many_carts_changed()
    return deleted


def _count(owner: str) -> int:
    cart = Cart.objects.filter(owner=owner).first()
    return sum(item.qty for item in cart.items) if cart else 0


def _add(product: Product, user: Buyer, qty: int) -> Cart:
    if qty > MAX_QTY:
        raise LineFull
    for _ in range(MAX_ATTEMPTS):
        if cart := _increase_line(user, product, qty):
            return cart
        if _begin_line(user, product, qty):
            return get_cart(user=user)
        _refuse_at_limit(get_cart(user=user), product.product_id, qty)
    raise Busy


def _increase_line(user: Buyer, product: Product, qty: int) -> Cart | None:
    """Add to the product's line and return the cart, or None if there is no such line or it would be full."""
    owner, line = owner_key(user), {"product_id": product.product_id, "qty": {"$lte": MAX_QTY - qty}}
    price = {"items.$[line].seen_price": Decimal128(product.price)}
    try:
        document = collection(Cart).find_one_and_update(
            {"owner": owner, "items": {"$elemMatch": line}},
            _stamped({"$inc": {"items.$[line].qty": qty}, "$set": price}),
            array_filters=[{"line.product_id": product.product_id}],
            return_document=ReturnDocument.AFTER,
        )
    finally:
        cache.cart_changed(owner)
    return Cart.of_document(document) if document else None


def _begin_line(user: Buyer, product: Product, qty: int) -> bool:
    """Append a line if the product has none and there is room; the first line creates the cart."""
    line = {"product_id": product.product_id, "qty": qty, "seen_price": Decimal128(product.price)}
    room = {"items.product_id": {"$ne": product.product_id}, f"items.{MAX_LINES - 1}": {"$exists": False}}
    change: Update = {
        "$push": {"items": line},
        "$setOnInsert": {"_id": cart_id(user), "user_id": user_id(user)},
    }
    try:
        result = _write(owner_key(user), room, change, upsert=True)
    except DuplicateKeyError:  # the cart exists, but it is full or another request has begun this line
        return False
    return bool(result.modified_count or result.upserted_id)


def _refuse_at_limit(cart: Cart, product_id: int, qty: int) -> None:
    """Raise LineFull or CartFull if a limit is reached; otherwise a concurrent request was in the way."""
    held = cart.quantities.get(product_id)
    if held is not None and held + qty > MAX_QTY:
        raise LineFull
    if held is None and len(cart.items) >= MAX_LINES:
        raise CartFull


def _merge(guest: Guest, user: User) -> list[int]:
    source = Cart.objects.filter(owner=owner_key(guest)).first()
    if source is None or not source.items:
        return []
    claim(source)
    target = get_cart(user=user)
    lines, left_out = _merged_lines(target.items, source.items)
    fields = {"items": lines, "version": target.version + 1, "updated_at": datetime.now(UTC)}
    if not Cart.objects.filter(pk=target.pk).update(**fields):
        Cart.objects.create(pk=target.pk, owner=target.owner, user_id=target.user_id, **fields)
    cache.cart_changed(target.owner)
    return left_out


def _merged_lines(lines: list[CartItem], added: list[CartItem]) -> tuple[list[CartItem], list[int]]:
    """Return all lines within the limits, and the products whose lines exceeded one."""
    merged = {item.product_id: item for item in lines}
    left_out = []
    for item in added:
        line = merged.get(item.product_id)
        if line is not None:
            total = line.qty + item.qty
            line.qty = min(total, MAX_QTY)
            fits = total <= MAX_QTY
        else:
            fits = len(merged) < MAX_LINES
            if fits:
                merged[item.product_id] = item
        if not fits:
            left_out.append(item.product_id)
    return list(merged.values()), left_out


def _write(owner: str, condition: dict[str, Any], update: Update, **options: bool) -> UpdateResult:
    """Run one command on the cart and invalidate its cached count, even if the command's reply was lost."""
    try:
        return collection(Cart).update_one({"owner": owner, **condition}, _stamped(update), **options)
    finally:
        cache.cart_changed(owner)


def _stamped(update: Update) -> Update:
    """Return the update with a new version and the time, which every change sets."""
    return {
        **update,
        "$inc": {**update.get("$inc", {}), "version": 1},
        "$set": {**update.get("$set", {}), "updated_at": datetime.now(UTC)},
    }
