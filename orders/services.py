"""Use cases of orders. An order is a snapshot of the cart it was made from; one click makes one order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import User
from cart.models import Buyer, Cart, Guest, owner_key
from cart.quotes import Quote, QuoteLine, quote_cart
from cart.services import ProductNotAvailable, add_item, claim
from catalog.models import Product
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.db.status_transitions import transition
from ecommerce.core.errors import DomainError, FieldError
from ecommerce.core.web import languages
from orders import emails, search
from orders.models import TRANSITIONS, Order, OrderHolder, OrderItem, Viewer, new_number
from orders.order_contact import Contact

QUEUE_MAIL = {Order.Status.PAID: emails.queue_confirmed, Order.Status.FAILED: emails.queue_failed}
TIME_FIELDS = {Order.Status.PAID: "paid_at", Order.Status.CANCELED: "canceled_at"}
AUDIT_ACTIONS = {
    Order.Status.PAID: "order.pay",
    Order.Status.FAILED: "order.fail",
    Order.Status.CANCELED: "order.cancel",
}
CANCEL_BATCH_SIZE = 200  # the next run of the task takes the next batch


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
    """An order, and whether this call created it or an earlier one did."""

    order: Order
    created: bool


def place_order(
    *, user: Buyer, contact: Contact | None = None, key: str | None = None, seen_total: Decimal | None = None
) -> Placed:
    """Turn the customer's cart into a pending order and empty the cart. No stock is taken.

    A repeat with the same key returns the order that the first call created. Raises CartEmpty, EmailNeeded,
    ItemUnavailable, KeyReused, or TotalChanged if the total is not `seen_total`; the cart is then unchanged.
    """
    contact = contact or Contact()
    earlier = _order_with_key(user, key)
    if earlier is not None:
        return _repeat(earlier, user, contact)
    try:
        order = run_tx(lambda: _create_order(user, contact, key, seen_total))
    except (CartEmpty, IntegrityError):
        # A concurrent request with this key may have been first. The duplicate key aborts the transaction,
        # so that order is looked up outside of it.
        earlier = _order_with_key(user, key)
        if earlier is None:
            raise
        return _repeat(earlier, user, contact)
    return Placed(order, created=True)


def claim_orders(*, user: User, guest: Guest | None, held: Iterable[OrderHolder] = ()) -> int:
    """Give a guest's orders to the account and return how many there were.

    The guest or a token must prove that an order is theirs, and its e-mail must be that of the account.
    """
    proven = Q(pk__in=[holder.order for holder in held])
    if guest:
        proven |= Q(owner=owner_key(guest))
    return Order.objects.filter(proven, user=None, email=user.email).update(user=user)


def get_order(*, user: Viewer, order_id: str) -> Order:
    """Return an order that the viewer may see. Raises OrderNotFound for any other and for a malformed id."""
    order = Order.objects.of(user).filter(pk=object_id(order_id)).first()
    if order is None:
        raise OrderNotFound
    return order


def get_order_by_number(*, user: Viewer, number: str) -> Order:
    """Return an order that the viewer may see. Raises OrderNotFound for any other."""
    order = Order.objects.of(user).filter(number=number.upper()).first()
    if order is None:
        raise OrderNotFound
    return order


def find_order(order_id: object) -> Order:
    """Return any customer's order, for staff. Raises OrderNotFound."""
    order = Order.objects.filter(pk=object_id(order_id)).first()
    if order is None:
        raise OrderNotFound
    return order


def current_products(order: Order) -> dict[str, Product]:
    """Return the products of the order that are still visible, by ObjectId, for pictures and links."""
    ids = {ObjectId(item.product_id) for item in order.items}
    return {str(product.pk): product for product in Product.objects.visible().filter(pk__in=ids)}


def buy_again(order: Order, *, user: Buyer) -> list[str]:
    """Put the order's lines into the customer's cart and return the names of those that were refused."""
    products, refused = current_products(order), []
    for item in order.items:
        product = products.get(item.product_id)
        try:
            if product is None:
                raise ProductNotAvailable
            add_item(user=user, product_id=product.product_id, qty=item.qty)
        except DomainError:
            refused.append(item.name)
    return refused


def change_status(order: Order, *, to: Order.Status, by: Viewer | None = None, **fields: Any) -> bool:
    """Move the order to this status if TRANSITIONS allows it, write the audit entry and queue the mail.

    All of it happens or nothing; an open transaction is joined. `fields` are stored with the status. Returns
    True for the one caller that made the change.
    """
    if to in TIME_FIELDS:
        fields[TIME_FIELDS[to]] = timezone.now()

    def change() -> bool:
        changed = transition(Order.objects.filter(pk=order.pk), to, TRANSITIONS, **fields)
        if changed:
            _record_status(order, to, by, fields.get("failure_reason"))
            if to in QUEUE_MAIL:
                QUEUE_MAIL[to](order)
        return changed

    return run_tx(change)


def cancel_unpaid(*, older_than: timedelta) -> int:
    """Cancel pending orders of at least this age and return how many this call canceled.

    Each is a transaction of its own. An order with an open payment waits until that payment has ended.
    """
    unpaid = Order.objects.filter(status=Order.Status.PENDING, payment=None)
    old = unpaid.filter(created_at__lt=timezone.now() - older_than).order_by("created_at")
    reason = gettext_noop("The order was not paid in time.")
    return sum(
        change_status(order, to=Order.Status.CANCELED, failure_reason=reason)
        for order in old.only("pk", "number")[:CANCEL_BATCH_SIZE]
    )


def _order_with_key(user: Buyer, key: str | None) -> Order | None:
    return Order.objects.filter(owner=owner_key(user), idempotency_key=key).first() if key else None


def _repeat(order: Order, user: Buyer, contact: Contact) -> Placed:
    """Return the earlier order, or raise KeyReused if the cart or the contact has changed since."""
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    if cart is not None and cart.items and _quantities(cart) != order.quantities:
        raise KeyReused
    if contact.differs_from(order):
        raise KeyReused
    return Placed(order, created=False)


def _quantities(cart: Cart) -> dict[str, int]:
    """Return the cart by ObjectId, as orders name products; a deleted product has only its number."""
    rows = Product.objects.filter(product_id__in=[item.product_id for item in cart.items])
    pks = dict(rows.values_list("product_id", "pk"))
    return {str(pks.get(item.product_id, item.product_id)): item.qty for item in cart.items}


def _create_order(user: Buyer, contact: Contact, key: str | None, seen_total: Decimal | None) -> Order:
    """Check the cart and turn it into an order, inside a transaction."""
    cart = Cart.objects.filter(owner=owner_key(user)).first()
    if cart is None or not cart.items:
        raise CartEmpty
    email = contact.email or getattr(user, "email", "")
    if not email:
        raise EmailNeeded
    quote = quote_cart(cart)
    items = _snapshot(quote)
    if seen_total is not None and quote.total != seen_total:
        raise TotalChanged(quote.total)
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
        **quote.totals.as_dict(),
        currency=settings.CURRENCY,
        idempotency_key=key,
    )


def _snapshot(quote: Quote) -> list[OrderItem]:
    """Return the lines as order items. Raises ItemUnavailable for the first that cannot be sold now."""
    return [_order_item(line) for line in quote.lines]


def _order_item(line: QuoteLine) -> OrderItem:
    product = line.product
    if product is None or not line.can_be_ordered:
        raise ItemUnavailable(line.product_id)
    return OrderItem(
        product_id=str(product.pk),
        name=product.name,
        unit_price=product.price,
        qty=line.qty,
        line_total=line.total,
    )


def _record_status(order: Order, to: Order.Status, by: Viewer | None, reason: object) -> None:
    audit.record(
        actor=by if isinstance(by, User) else None,
        label=order.email if by else "",  # names a guest, who is no user
        action=AUDIT_ACTIONS[to],
        obj=order,
        before={"status": Order.Status.PENDING},
        after={"status": to, "reason": reason} if reason else {"status": to},
    )
