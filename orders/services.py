"""Use cases of orders: one click is one order, and an order is a snapshot of the cart it came from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.addresses import services as addresses
from accounts.models import Address, User
from cart.models import Buyer, Cart, CartItem, Guest, owner_key
from cart.services import ProductNotAvailable, add_item, claim
from cart.totals import totals_of
from catalog.models import Product
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.db.status import transition
from ecommerce.core.errors import DomainError, FieldError
from ecommerce.core.text.money import line_total
from ecommerce.core.web import languages
from orders import emails, search
from orders.models import (
    TRANSITIONS,
    Order,
    OrderHolder,
    OrderItem,
    Viewer,
    new_number,
    subtotal_of,
)

MAILS = {Order.Status.PAID: emails.queue_confirmed, Order.Status.FAILED: emails.queue_failed}
TIMES = {Order.Status.PAID: "paid_at", Order.Status.CANCELED: "canceled_at"}
ACTIONS = {Order.Status.PAID: "pay", Order.Status.FAILED: "fail", Order.Status.CANCELED: "cancel"}
CANCELED_AT_ONCE = 200  # the next run takes the next ones


class CartEmpty(DomainError):
    message, code = gettext_noop("Cart is empty"), "cart_empty"


class ItemUnavailable(DomainError):
    code = "item_unavailable"

    def __init__(self, product_id: int) -> None:
        super().__init__(gettext_noop("Item unavailable: product_id %(product_id)s"), product_id=product_id)


class KeyReused(DomainError):
    message = gettext_noop("This Idempotency-Key was used for another order.")
    code, status_code = "idempotency_key_reused", 422


class TotalChanged(DomainError):
    code, status_code = "total_changed", 409

    def __init__(self, total: Decimal) -> None:
        super().__init__(gettext_noop("A price has changed. Please look at the new total before you pay."))
        self.total = total


class EmailNeeded(FieldError):
    code = "email_needed"

    def __init__(self) -> None:
        super().__init__("email", gettext_noop("Without an account an e-mail address is needed."))


class OrderNotFound(DomainError):
    message, code, status_code = "Order not found", "order_not_found", 404


@dataclass(frozen=True)
class Placed:
    """The order, and whether this call made it or found it made by an earlier one."""

    order: Order
    created: bool


@dataclass(frozen=True)
class Contact:
    """Whom the shop writes to and where the goods go; what is not given is the account's, or nothing."""

    email: str = ""
    shipping_address: Address | None = None

    def differs_from(self, order: Order) -> bool:
        address = self.shipping_address
        return (bool(self.email) and self.email != order.email) or (
            address is not None
            and (order.shipping_address is None or address.as_dict() != order.shipping_address.as_dict())
        )


def place_order(
    *, user: Buyer, contact: Contact | None = None, key: str | None = None, seen_total: Decimal | None = None
) -> Placed:
    """Turn the customer's cart into a pending order; the cart is empty afterwards. Takes no stock.

    The same key again answers with the order it made, also after the cart was emptied by it.
    Raises CartEmpty, ItemUnavailable, EmailNeeded, KeyReused, or TotalChanged where the total is not
    `seen_total`; the cart stays as it is.
    """
    contact = contact or Contact()
    if (earlier := _made_with(user, key)) is not None:
        return _replay(earlier, user, contact)
    try:
        return Placed(run_tx(lambda: _place(user, contact, key, seen_total)), created=True)
    except (CartEmpty, IntegrityError):
        # Another request with this key may have been first; a taken key aborts the transaction,
        # so it is looked up outside.
        if (earlier := _made_with(user, key)) is None:
            raise
        return _replay(earlier, user, contact)


def claim_orders(*, user: User, guest: Guest | None, held: Iterable[OrderHolder] = ()) -> int:
    """Give a guest's orders to the account, how many: those of the same e-mail that the guest can prove."""
    proven = Q(pk__in=[holder.order for holder in held])
    if guest:
        proven |= Q(owner=owner_key(guest))
    return Order.objects.filter(proven, user=None, email=user.email).update(user=user)


def get_order(*, user: Viewer, order_id: str) -> Order:
    """The customer's own order; anyone else's, an unknown or a malformed id is OrderNotFound."""
    order = Order.objects.of(user).filter(pk=object_id(order_id)).first()
    if order is None:
        raise OrderNotFound
    return order


def get_order_by_number(*, user: Viewer, number: str) -> Order:
    order = Order.objects.of(user).filter(number=number.upper()).first()
    if order is None:
        raise OrderNotFound
    return order


def known_contact(user: Buyer, chosen: str = "") -> dict[str, str]:
    """What need not be typed again: e-mail and address of the latest order, or what the account has.

    `chosen` is the id of one of the account's addresses; the first of them is the usual one.
    """
    latest = Order.objects.filter(owner=owner_key(user)).newest_first().first()
    email, name = latest.email if latest else getattr(user, "email", ""), getattr(user, "name", "")
    address = _saved_address(user, chosen) or (latest.shipping_address if latest else None)
    return {"name": name, **(address.as_dict() if address else {}), "email": email}


def _saved_address(user: Buyer, chosen: str) -> Address | None:
    if not isinstance(user, User):
        return None
    saved = addresses.list_addresses(user)
    found = saved.filter(pk=object_id(chosen)).first() or saved.first()
    return found.address if found else None


def products_of(orders: Iterable[Order]) -> dict[str, Product]:
    """Today's visible products of these orders by ObjectId, for pictures and links."""
    wanted = {ObjectId(item.product_id) for order in orders for item in order.items}
    return {str(product.pk): product for product in Product.objects.visible().filter(pk__in=wanted)}


def buy_again(*, user: Buyer, order: Order) -> list[str]:
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


def change_status(
    order: Order, to: Order.Status, *, by: Viewer | None = None, **fields: str | ObjectId
) -> bool:
    """Move the order where the table allows it, and queue the mail that tells of it; both or neither.

    True for the one caller that made the change. Joins a transaction.
    """
    times = {TIMES[to]: timezone.now()} if to in TIMES else {}

    def change() -> bool:
        moved = transition(Order.objects.filter(pk=order.pk), to, TRANSITIONS, **times, **fields)
        if moved:
            _tell(order, to, by, fields.get("failure_reason"))
        return moved

    return run_tx(change)


def cancel_unpaid(*, older_than: timedelta) -> int:
    """Cancel pending orders of this age, each for itself; how many this call canceled.

    One that is being paid waits until that payment has ended.
    """
    unpaid = Order.objects.filter(status=Order.Status.PENDING, payment=None)
    old = unpaid.filter(created_at__lt=timezone.now() - older_than)
    orders = old.order_by("created_at").only("pk", "number")[:CANCELED_AT_ONCE]
    reason = gettext_noop("The order was not paid in time.")
    return sum(change_status(order, Order.Status.CANCELED, failure_reason=reason) for order in orders)


def _tell(order: Order, to: Order.Status, by: Viewer | None, reason: object) -> None:
    after = {"status": to} | ({"reason": reason} if reason else {})
    audit.record(
        actor=by if isinstance(by, User) else None,
        label=order.email if by else "",  # a guest's, too
        action=f"order.{ACTIONS[to]}",
        obj=order,
        before={"status": Order.Status.PENDING},
        after=after,
    )
    if to in MAILS:
        MAILS[to](order)


def _place(user: Buyer, contact: Contact, key: str | None, seen_total: Decimal | None) -> Order:
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    if cart is None or not cart.items:
        raise CartEmpty
    email = contact.email or getattr(user, "email", "")
    if not email:
        raise EmailNeeded
    items = _snapshots(cart.items)
    totals = totals_of(subtotal_of(items))
    if seen_total is not None and totals.total != seen_total:
        raise TotalChanged(totals.total)
    claim(cart)
    number = new_number()
    return Order.objects.create(
        pk=ObjectId(),
        number=number,
        search_terms=search.terms(number, items),
        owner=owner_key(user),
        user=user if isinstance(user, User) else None,
        email=email,
        language=languages.of_caller(),
        shipping_address=contact.shipping_address,
        items=items,
        **totals.as_dict(),
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


def _made_with(user: Buyer, key: str | None) -> Order | None:
    return Order.objects.filter(owner=owner_key(user), idempotency_key=key).first() if key else None


def _replay(order: Order, user: Buyer, contact: Contact) -> Placed:
    """The earlier order, unless the cart or the contact is another one by now."""
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    refilled = cart is not None and cart.items and _quantities(cart.items) != order.quantities
    if refilled or contact.differs_from(order):
        raise KeyReused
    return Placed(order, created=False)


def _quantities(lines: list[CartItem]) -> dict[str, int]:
    """The cart by the products' ObjectIds, as orders name them; a vanished product by its number."""
    wanted = [line.product_id for line in lines]
    pks = dict(Product.objects.filter(product_id__in=wanted).values_list("product_id", "pk"))
    return {str(pks.get(line.product_id, line.product_id)): line.qty for line in lines}
