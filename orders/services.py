"""Use cases of orders: one click is one order, and an order is a snapshot of the cart it came from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from cart.models import Cart, CartItem, owner_key
from cart.services import ProductNotAvailable, add_item, claim
from catalog.models import Product
from ecommerce.lib.db import object_id, run_tx
from ecommerce.lib.errors import DomainError
from ecommerce.lib.money import line_total
from ecommerce.lib.status import transition
from orders import emails
from orders.models import TRANSITIONS, Order, OrderItem, new_number, total_of

MAILS = {Order.Status.PAID: emails.queue_confirmed, Order.Status.FAILED: emails.queue_failed}
CANCELED_AT_ONCE = 200  # the next run takes the next ones


class CartEmpty(DomainError):
    message, code = "Cart is empty", "cart_empty"


class ItemUnavailable(DomainError):
    code = "item_unavailable"

    def __init__(self, product_id: int) -> None:
        super().__init__(f"Item unavailable: product_id {product_id}")


class KeyReused(DomainError):
    message = "This Idempotency-Key was used for an order with other items."
    code, status_code = "idempotency_key_reused", 422


class TotalChanged(DomainError):
    code, status_code = "total_changed", 409

    def __init__(self, total: Decimal) -> None:
        super().__init__("A price has changed. Please look at the new total before you pay.")
        self.total = total


class OrderNotFound(DomainError):
    message, code, status_code = "Order not found", "order_not_found", 404


@dataclass(frozen=True)
class Placed:
    """The order, and whether this call made it or found it made by an earlier one."""

    order: Order
    created: bool


def place_order(*, user: User, key: str | None = None, seen_total: Decimal | None = None) -> Placed:
    """Turn the user's cart into a pending order; the cart is empty afterwards. Takes no stock.

    The same key again answers with the order it made, also after the cart was emptied by it.
    Raises CartEmpty, ItemUnavailable, KeyReused, or TotalChanged where the total is not `seen_total`;
    the cart stays as it is.
    """
    if (earlier := _made_with(user, key)) is not None:
        return _replay(earlier, user)
    try:
        return Placed(run_tx(lambda: _place(user, key, seen_total)), created=True)
    except (CartEmpty, IntegrityError):
        # Another request with this key may have been first; a taken key aborts the transaction,
        # so it is looked up outside.
        if (earlier := _made_with(user, key)) is None:
            raise
        return _replay(earlier, user)


def get_order(*, user: User, order_id: str) -> Order:
    """The user's own order; anyone else's, an unknown or a malformed id is OrderNotFound."""
    order = Order.objects.of(user).filter(pk=object_id(order_id)).first()
    if order is None:
        raise OrderNotFound
    return order


def get_order_by_number(*, user: User, number: str) -> Order:
    order = Order.objects.of(user).filter(number=number.upper()).first()
    if order is None:
        raise OrderNotFound
    return order


def products_of(orders: Iterable[Order]) -> dict[str, Product]:
    """Today's visible products of these orders by ObjectId, for pictures and links."""
    wanted = {ObjectId(item.product_id) for order in orders for item in order.items}
    return {str(product.pk): product for product in Product.objects.visible().filter(pk__in=wanted)}


def buy_again(*, user: User, order: Order) -> list[str]:
    """Put the order's lines into the cart; answers the names of those that could not be."""
    products, left_out = products_of([order]), []
    for item in order.items:
        product = products.get(item.product_id)
        try:
            if product is None:
                raise ProductNotAvailable
            add_item(user=user, product_id=product.product_id, qty=item.qty)
        except DomainError:
            left_out.append(item.name)
    return left_out


def change_status(order: Order, to: Order.Status, **fields: str | ObjectId) -> bool:
    """Move the order where the table allows it, and queue the mail that tells of it; both or neither.

    True for the one caller that made the change. Joins a transaction.
    """

    def change() -> bool:
        moved = transition(Order.objects.filter(pk=order.pk), to, TRANSITIONS, **fields)
        if moved and to in MAILS:
            MAILS[to](order)
        return moved

    return run_tx(change)


def cancel_unpaid(*, older_than: timedelta) -> int:
    """Cancel pending orders of this age, each for itself; how many this call canceled.

    One that is being paid waits until that payment has ended.
    """
    unpaid = Order.objects.filter(status=Order.Status.PENDING, payment=None)
    old = unpaid.filter(created_at__lt=timezone.now() - older_than)
    orders = old.order_by("created_at").only("pk")[:CANCELED_AT_ONCE]
    reason = "The order was not paid in time."
    return sum(change_status(order, Order.Status.CANCELED, failure_reason=reason) for order in orders)


def _place(user: User, key: str | None, seen_total: Decimal | None) -> Order:
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    if cart is None or not cart.items:
        raise CartEmpty
    items = _snapshots(cart.items)
    total = total_of(items)
    if seen_total is not None and total != seen_total:
        raise TotalChanged(total)
    claim(cart)
    return Order.objects.create(
        pk=ObjectId(),
        number=new_number(),
        user=user,
        items=items,
        total=total,
        currency=settings.CURRENCY,
        idempotency_key=key,
    )


def _snapshots(lines: list[CartItem]) -> list[OrderItem]:
    """The lines with today's names and prices; refused where one cannot be sold at this moment."""
    wanted = [line.product_id for line in lines]
    products = {
        product.product_id: product for product in Product.objects.visible().filter(product_id__in=wanted)
    }
    return [_snapshot(line, products.get(line.product_id)) for line in lines]


def _snapshot(line: CartItem, product: Product | None) -> OrderItem:
    if product is None or product.inventory < line.qty:
        raise ItemUnavailable(line.product_id)
    return OrderItem(
        product_id=str(product.pk),
        name=product.name,
        unit_price=product.price,
        qty=line.qty,
        line_total=line_total(product.price, line.qty),
    )


def _made_with(user: User, key: str | None) -> Order | None:
    return Order.objects.of(user).filter(idempotency_key=key).first() if key else None


def _replay(order: Order, user: User) -> Placed:
    """The earlier order, unless the cart has been filled with something else since."""
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    if cart is not None and cart.items and _quantities(cart.items) != order.quantities:
        raise KeyReused
    return Placed(order, created=False)


def _quantities(lines: list[CartItem]) -> dict[str, int]:
    """The cart by the products' ObjectIds, as orders name them; a vanished product by its number."""
    wanted = [line.product_id for line in lines]
    pks = dict(Product.objects.filter(product_id__in=wanted).values_list("product_id", "pk"))
    return {str(pks.get(line.product_id, line.product_id)): line.qty for line in lines}
