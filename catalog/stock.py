"""The stock: the only module that writes `Product.inventory` and `Product.on_hold`.

Each change is one conditional update and one StockMovement in the same transaction, so the movements of a
product always add up to its inventory. Call these functions inside `run_tx`.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from bson import ObjectId
from django.db.models import F
from django.utils.translation import gettext, gettext_noop
from pymongo import UpdateOne

from catalog import cache
from catalog.models import MAX_INVENTORY, Product, StockMovement
from ecommerce.core.db import as_columns, collection, connection, on_commit
from ecommerce.core.errors import Busy, DomainError, FieldError

INSUFFICIENT = gettext_noop("Insufficient inventory for product %(name)s")
Change = tuple[Product, Mapping[str, Any]]  # a product as it was read, and new values of its fields
_insufficient = re.compile(re.escape(INSUFFICIENT).replace(re.escape("%(name)s"), "(.+)"), re.DOTALL)


class InsufficientStock(DomainError):
    code = "insufficient_inventory"

    def __init__(self, name: str) -> None:
        super().__init__(INSUFFICIENT, name=name)


class StockOutOfRange(FieldError):
    def __init__(self, field: str) -> None:
        super().__init__(field, f"The stock must stay between 0 and {MAX_INVENTORY}.")


@dataclass(frozen=True, order=True)
class SaleLine:
    product: ObjectId
    quantity: int
    name: str


@dataclass(frozen=True, order=True)
class _Take:
    """A line to be taken from the stock, and the key of its movement."""

    line: SaleLine
    key: str
    order: ObjectId


def sell(lines: Iterable[SaleLine], *, order: ObjectId) -> None:
    """Take every line from the stock, or raise InsufficientStock; a hidden or deleted product has none.

    Lines are taken in the order of their products' ids, so that two orders never deadlock.
    """
    sell_all({order: lines})


def sell_all(lines_by_order: Mapping[ObjectId, Iterable[SaleLine]]) -> None:
    """Sell the lines of several orders like `sell`, in one command."""
    takes = [
        _Take(line, f"sale:{order}:{line.product}", order)
        for order, lines in lines_by_order.items()
        for line in lines
    ]
    _take(takes, reason="sale", on_hold=False)


def hold(lines: Iterable[SaleLine], *, payment: ObjectId, order: ObjectId) -> None:
    """Reserve every line for a payment, or raise InsufficientStock; in the same order as `sell`."""
    takes = [_Take(line, f"hold:{payment}:{line.product}", order) for line in lines]
    _take(takes, reason="hold", on_hold=True)


def require(lines: Iterable[SaleLine]) -> None:
    """Raise InsufficientStock for the first line that could not be sold now. Nothing is taken or reserved."""
    for line in sorted(lines):
        if not collection(Product).count_documents(_available(line)):
            raise InsufficientStock(line.name)


def sell_held(lines: Iterable[SaleLine], *, payment: ObjectId, order: ObjectId) -> None:
    """Sell the held lines, even of hidden products. Raises InsufficientStock for a deleted product."""
    for line in sorted(lines):
        if not _end_hold(line, payment, order, returned=0):
            raise InsufficientStock(line.name)
        _record(line.product, -line.quantity, "sale", key=f"sale:{order}:{line.product}", order=order)


def release(lines: Iterable[SaleLine], *, payment: ObjectId, order: ObjectId) -> None:
    """Return the held lines to the stock; the account of a deleted product is closed and stays so."""
    for line in sorted(lines):
        _end_hold(line, payment, order, returned=line.quantity)
    on_commit(cache.stock_changed)


def forget_holds(order: ObjectId) -> bool:
    """Delete the holds and releases of an order, which add up to nothing; joins a transaction.

    Return False, with nothing deleted, if they do not, or if the order has sold anything.
    """
    movements = StockMovement.objects.filter(order=order)
    held: Counter[ObjectId] = Counter()
    for product, reason, quantity in movements.values_list("product", "reason", "quantity"):
        if reason not in (StockMovement.Reason.HOLD, StockMovement.Reason.RELEASE):
            return False
        held[product] += quantity
    if any(held.values()):
        return False
    movements.delete()
    return True


def restock(lines: Iterable[SaleLine], *, order: ObjectId) -> None:
    """Return the lines of a sold order to the stock. Idempotent; deleted products are skipped."""
    for line in sorted(lines):
        key = f"restock:{order}:{line.product}"
        if StockMovement.objects.filter(order=order, key=key).exists():
            continue
        if Product.objects.filter(pk=line.product).update(inventory=F("inventory") + line.quantity):
            _record(line.product, line.quantity, "restock", key=key, order=order)
    on_commit(cache.stock_changed)


def write(new: Sequence[Product], changes: Sequence[Change] = ()) -> None:
    """Insert products with their initial stock, and change others, with at most three commands.

    A movement of 0 opens the account of a product without stock. `inventory` among the fields of a change
    sets the stock, recorded as an adjustment by the difference; the product must have been read in the
    current transaction. Raises Busy if its stock is another by now.
    """
    Product.objects.bulk_create(new)
    if changes:
        changed = collection(Product).bulk_write([_change(*change) for change in changes])
        if changed.matched_count < len(changes):
            raise Busy
    movements = [_movement(row.pk, row.inventory, "initial", key=f"initial:{row.pk}") for row in new]
    adjustments = [_adjustment(row.pk, step) for row, fields in changes if (step := _step(row, fields))]
    StockMovement.objects.bulk_create(movements + adjustments)
    if adjustments:
        on_commit(cache.stock_changed)


def adjust(product: ObjectId, *, change: int, field: str = "inventory_delta") -> None:
    """Add the change, which may be negative, to the stock.

    Raises StockOutOfRange, for this field, if the stock would leave the allowed range.
    """
    if not change:
        return
    lowest, highest = max(0, -change), min(MAX_INVENTORY, MAX_INVENTORY - change)
    rows = Product.objects.filter(pk=product, inventory__gte=lowest, inventory__lte=highest)
    if not rows.update(inventory=F("inventory") + change):
        raise StockOutOfRange(field)
    _adjustment(product, change).save(force_insert=True)
    on_commit(cache.stock_changed)


def set_level(product: ObjectId, *, level: int) -> None:
    """Set the stock, recorded as an adjustment by the difference. Raises StockOutOfRange."""
    current = Product.objects.values_list("inventory", flat=True).get(pk=product)
    adjust(product, change=level - current, field="inventory")


def close_account(product: ObjectId, *, remaining: int) -> None:
    """Record the last movement of a product that is being deleted."""
    _record(product, -remaining, "closed", key=f"closed:{product}")


def reason_in_words(stored: str) -> str:
    """Translate the stored English reason why an order or a payment ended to the language of the page."""
    if short := _insufficient.fullmatch(stored):
        return gettext(INSUFFICIENT) % {"name": short[1]}
    return gettext(stored) if stored else ""


def _take(takes: list[_Take], *, reason: str, on_hold: bool) -> None:
    """Take all lines by one command, whose count says whether there was enough of each."""
    in_order = sorted(takes)
    taken = collection(Product).bulk_write([_taking(take.line, on_hold=on_hold) for take in in_order])
    if taken.modified_count < len(in_order):
        raise _shortage([take.line for take in in_order])
    StockMovement.objects.bulk_create(
        _movement(take.line.product, -take.line.quantity, reason, key=take.key, order=take.order)
        for take in in_order
    )
    on_commit(cache.stock_changed)


def _taking(line: SaleLine, *, on_hold: bool) -> UpdateOne:
    change = {"inventory": -line.quantity} | ({"on_hold": line.quantity} if on_hold else {})
    return UpdateOne(_available(line), {"$inc": change})


def _available(line: SaleLine) -> dict[str, Any]:
    return {"_id": line.product, "is_active": True, "inventory": {"$gte": line.quantity}}


def _shortage(lines: list[SaleLine]) -> DomainError:
    """Return the error for the first product of which too little is left, as read outside of the transaction.

    The count does not tell which one it was. If there is enough of each by now, a new try finds it: Busy.
    """
    products = connection.get_collection(Product._meta.db_table)
    for _, same in groupby(lines, key=attrgetter("product")):
        first, *others = same
        needed = replace(first, quantity=sum((line.quantity for line in others), first.quantity))
        if not products.count_documents(_available(needed)):
            return InsufficientStock(needed.name)
    return Busy()


def _end_hold(line: SaleLine, payment: ObjectId, order: ObjectId, *, returned: int) -> bool:
    """End one line's hold and return this quantity to the stock; False if the product is deleted."""
    rows = Product.objects.filter(pk=line.product)
    ended = rows.filter(on_hold__gte=line.quantity).update(
        inventory=F("inventory") + returned, on_hold=F("on_hold") - line.quantity
    )
    if ended:
        key = f"release:{payment}:{line.product}"
        _record(line.product, line.quantity, "release", key=key, order=order)
    elif rows.exists():
        raise RuntimeError(f"Less of product {line.product} is on hold than payment {payment} holds.")
    return bool(ended)


def _change(product: Product, fields: Mapping[str, Any]) -> UpdateOne:
    """Return the command for new values; if it sets the stock, that must still be the one that was read."""
    others = {name: value for name, value in fields.items() if name != "inventory"}
    change: dict[str, Any] = {"$set": as_columns(Product, others)} if others else {}
    if "inventory" not in fields:
        return UpdateOne({"_id": product.pk}, change)
    change["$inc"] = {"inventory": _step(product, fields)}
    return UpdateOne({"_id": product.pk, "inventory": product.inventory}, change)


def _step(product: Product, fields: Mapping[str, Any]) -> int:
    """Return the difference between the stock that these fields set and the one that was read."""
    return int(fields.get("inventory", product.inventory)) - product.inventory


def _adjustment(product: ObjectId, change: int) -> StockMovement:
    return _movement(product, change, "adjustment", key=f"adjust:{uuid.uuid4().hex}")


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
