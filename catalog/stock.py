"""The only writers of `Product.inventory` and `Product.on_hold`.

Each change is one guarded command and one StockMovement in the same transaction, so that the
movements of a product always add up to its inventory. Call these inside `run_tx`.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from bson import ObjectId
from django.db.models import F
from django.utils.translation import gettext, gettext_noop

from catalog import cache
from catalog.models import MAX_INVENTORY, Product, StockMovement
from ecommerce.core.db import on_commit
from ecommerce.core.errors import DomainError, FieldError

SHORT = gettext_noop("Insufficient inventory for product %(name)s")
_SHORT = re.compile(re.escape(SHORT).replace(re.escape("%(name)s"), "(.+)"), re.DOTALL)


class InsufficientStock(DomainError):
    code = "insufficient_inventory"

    def __init__(self, name: str) -> None:
        super().__init__(SHORT, name=name)


class StockOutOfRange(FieldError):
    def __init__(self, field: str) -> None:
        super().__init__(field, f"The stock must stay between 0 and {MAX_INVENTORY}.")


@dataclass(frozen=True, order=True)
class SaleLine:
    product: ObjectId
    quantity: int
    name: str


def sell(order: ObjectId, lines: Iterable[SaleLine]) -> None:
    """Take every line or raise InsufficientStock; a hidden or deleted product counts as short.

    Lines are taken in the order of their ids, so that two orders never wait for each other in a ring.
    """
    for line in sorted(lines):
        sold = Product.objects.filter(pk=line.product, is_active=True, inventory__gte=line.quantity).update(
            inventory=F("inventory") - line.quantity
        )
        if not sold:
            raise InsufficientStock(line.name)
        _record(line.product, -line.quantity, "sale", key=f"sale:{order}:{line.product}", order=order)
    on_commit(cache.stock_changed)


def hold(payment: ObjectId, order: ObjectId, lines: Iterable[SaleLine]) -> None:
    """Set every line aside for a payment, or raise InsufficientStock; in the same order as `sell`."""
    for line in sorted(lines):
        held = Product.objects.filter(pk=line.product, is_active=True, inventory__gte=line.quantity).update(
            inventory=F("inventory") - line.quantity, on_hold=F("on_hold") + line.quantity
        )
        if not held:
            raise InsufficientStock(line.name)
        _record(line.product, -line.quantity, "hold", key=f"hold:{payment}:{line.product}", order=order)
    on_commit(cache.stock_changed)


def sell_held(payment: ObjectId, order: ObjectId, lines: Iterable[SaleLine]) -> None:
    """Sell what was held, hidden by now or not; a product deleted since counts as short."""
    for line in sorted(lines):
        if not _unhold(payment, order, line, back=0):
            raise InsufficientStock(line.name)
        _record(line.product, -line.quantity, "sale", key=f"sale:{order}:{line.product}", order=order)


def release(payment: ObjectId, order: ObjectId, lines: Iterable[SaleLine]) -> None:
    """Give back what was held; a deleted product's account is closed and takes nothing."""
    for line in sorted(lines):
        _unhold(payment, order, line, back=line.quantity)
    on_commit(cache.stock_changed)


def restock(order: ObjectId, lines: Iterable[SaleLine]) -> None:
    """Put a sold order's lines back, once however often it is asked; a deleted product takes nothing."""
    for line in sorted(lines):
        key = f"restock:{order}:{line.product}"
        if StockMovement.objects.filter(key=key).exists():
            continue
        if Product.objects.filter(pk=line.product).update(inventory=F("inventory") + line.quantity):
            _record(line.product, line.quantity, "restock", key=key, order=order)
    on_commit(cache.stock_changed)


def insert(products: Iterable[tuple[Product, int]]) -> None:
    """Insert new products with their initial stock; a movement of 0 opens an empty account."""
    rows, opened = [], []
    for product, quantity in products:
        product.inventory = quantity
        rows.append(product)
        opened.append(_movement(product.pk, quantity, "initial", key=f"initial:{product.pk}"))
    Product.objects.bulk_create(rows)
    StockMovement.objects.bulk_create(opened)


def adjust(product: ObjectId, change: int, *, field: str = "inventory_delta") -> None:
    """Add `change`, which may be negative; StockOutOfRange where that leaves the allowed range."""
    rows = Product.objects.filter(
        pk=product, inventory__gte=max(0, -change), inventory__lte=min(MAX_INVENTORY, MAX_INVENTORY - change)
    )
    if change and not rows.update(inventory=F("inventory") + change):
        raise StockOutOfRange(field)
    if change:
        _record(product, change, "adjustment", key=f"adjust:{uuid.uuid4().hex}")
        on_commit(cache.stock_changed)


def set_level(product: ObjectId, level: int) -> None:
    """Set the stock, recorded as an adjustment by the difference to what it is at this moment."""
    current = Product.objects.values_list("inventory", flat=True).get(pk=product)
    adjust(product, level - current, field="inventory")


def close_account(product: ObjectId, remaining: int) -> None:
    """The last movement of a product that is being deleted."""
    _record(product, -remaining, "closed", key=f"closed:{product}")


def reason_in_words(stored: str) -> str:
    """Why an order or a payment ended, which is stored in English, in the language of the page."""
    if short := _SHORT.fullmatch(stored):
        return gettext(SHORT) % {"name": short[1]}
    return gettext(stored) if stored else ""


def _unhold(payment: ObjectId, order: ObjectId, line: SaleLine, *, back: int) -> bool:
    """End one line's hold and add `back` to the inventory; False where the product is gone."""
    rows = Product.objects.filter(pk=line.product)
    ended = rows.filter(on_hold__gte=line.quantity).update(
        inventory=F("inventory") + back, on_hold=F("on_hold") - line.quantity
    )
    if ended:
        key = f"release:{payment}:{line.product}"
        _record(line.product, line.quantity, "release", key=key, order=order)
    elif rows.exists():
        raise RuntimeError(f"Less of product {line.product} is on hold than payment {payment} holds.")
    return bool(ended)


def _record(
    product: ObjectId, quantity: int, reason: str, *, key: str, order: ObjectId | None = None
) -> None:
    _movement(product, quantity, reason, key=key, order=order).save(force_insert=True)


def _movement(
    product: ObjectId, quantity: int, reason: str, *, key: str, order: ObjectId | None = None
) -> StockMovement:
    return StockMovement(
        pk=ObjectId(), key=key, product=product, order=order, quantity=quantity, reason=reason
    )
