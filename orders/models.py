import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from bson import ObjectId
from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import (
    ArrayField,
    EmbeddedModelArrayField,
    EmbeddedModelField,
    ObjectIdField,
)
from django_mongodb_backend.models import EmbeddedModel

from accounts.models import Address, User
from cart.models import Buyer, Guest, owner_key
from cart.totals import ZERO
from ecommerce.core.text.money import as_json
from ecommerce.core.text.times import as_json as time_as_json

CROCKFORD_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_LENGTH = 10


def new_number() -> str:
    """Return 10 random characters (50 bits). They do not show how many orders there are."""
    return "".join(secrets.choice(CROCKFORD_BASE32) for _ in range(NUMBER_LENGTH))


NEWEST_FIRST = ("-created_at", "-pk")


class OrderItem(EmbeddedModel):
    """A product as it was bought; later changes of the product do not change it."""

    product_id = models.CharField(max_length=24)  # the product's ObjectId as text, as specified
    name = models.CharField(max_length=200)
    unit_price = models.DecimalField(max_digits=9, decimal_places=2)
    qty = models.PositiveIntegerField()
    line_total = models.DecimalField(max_digits=14, decimal_places=2)

    def as_dict(self) -> dict[str, Any]:
        return {
            "product_id": self.product_id,
            "name": self.name,
            "unit_price": as_json(self.unit_price),
            "qty": self.qty,
            "line_total": as_json(self.line_total),
        }


@dataclass(frozen=True)
class OrderHolder:
    """A visitor with the token of one order (`orders.access.tokens`), who may see only this order."""

    order: ObjectId
    is_authenticated: ClassVar[bool] = True  # to the REST framework, which then lets them in


Viewer = Buyer | OrderHolder


class OrderQuerySet(models.QuerySet["Order"]):
    def of(self, viewer: Viewer) -> "OrderQuerySet":
        """Filter by what the viewer may see.

        A user sees their own orders, a guest theirs until an account claims them, and a holder one order.
        """
        if isinstance(viewer, OrderHolder):
            return self.filter(pk=viewer.order)
        if isinstance(viewer, Guest):
            return self.filter(owner=owner_key(viewer), user=None)
        return self.filter(user_id=viewer.pk)

    def newest_first(self) -> "OrderQuerySet":
        return self.order_by(*NEWEST_FIRST)

    def to_ship(self) -> "OrderQuerySet":
        """Filter by paid orders that are not shipped and not refunded in full."""
        waiting = [Order.Fulfilment.UNFULFILLED, Order.Fulfilment.PACKED]
        refundable = [Order.RefundStatus.NONE, Order.RefundStatus.PARTIAL]
        return self.filter(status=Order.Status.PAID, fulfilment__in=waiting, refund_status__in=refundable)


class Order(models.Model):
    """A snapshot of a cart. Its amounts and items never change, and its status changes along TRANSITIONS.

    A paid order stays paid: `fulfilment` says where the goods are, and `refund_status` what was refunded.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"
        CANCELED = "canceled"

    class Fulfilment(models.TextChoices):
        UNFULFILLED = "unfulfilled"
        PACKED = "packed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"  # after payment: the money is refunded and the goods are not sent

    class RefundStatus(models.TextChoices):
        NONE = "none"
        PARTIAL = "partial"
        FULL = "full"

    number = models.CharField(max_length=NUMBER_LENGTH, unique=True, default=new_number)
    owner = models.CharField(max_length=80)  # the user or guest who placed it: cart.models.owner_key
    user_id: ObjectId | None
    user = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, null=True)
    email = models.EmailField()
    language = models.CharField(max_length=10, default="en")  # of its mails
    shipping_address = EmbeddedModelField(Address, null=True, blank=True)
    items = EmbeddedModelArrayField(OrderItem)
    # The amounts are those of the quote (`cart.quotes`): total = subtotal - discount + shipping + tax
    subtotal = models.DecimalField(max_digits=14, decimal_places=2)
    discount = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    shipping = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    tax = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    payment = ObjectIdField(null=True)  # the payment that is open or has paid the order
    fulfilment = models.CharField(max_length=20, choices=Fulfilment, default=Fulfilment.UNFULFILLED)
    carrier = models.CharField(max_length=100, default="", blank=True)
    tracking_number = models.CharField(max_length=100, default="", blank=True)
    tracking_url = models.CharField(max_length=2000, default="", blank=True)
    # The refunds of the payment that paid the order, written only by payments.refunds.
    refund_status = models.CharField(max_length=20, choices=RefundStatus, default=RefundStatus.NONE)
    refund_requested = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)  # confirmed or not
    refund_completed = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)  # confirmed
    failure_reason = models.CharField(max_length=300, default="", blank=True)
    idempotency_key = models.CharField(max_length=200, null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    paid_at = models.DateTimeField(null=True, blank=True)
    packed_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)  # before or after payment
    # The number and the words of what was bought, which staff search (`orders.search`).
    search_terms = ArrayField(models.CharField(max_length=200), default=list, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        db_table = "orders"
        constraints = [
            models.UniqueConstraint(fields=["owner", "idempotency_key"], name="orders_one_per_key")
        ]
        indexes = [
            models.Index(fields=["number"], name="orders_number"),
            models.Index(fields=["user", "-created_at", "-id"], name="orders_of_user"),
            models.Index(fields=["owner", "idempotency_key"], name="orders_by_key"),
            models.Index(fields=["status", "-created_at", "-id"], name="orders_by_status"),
            models.Index(fields=["fulfilment", "-created_at", "-id"], name="orders_by_fulfilment"),
            models.Index(fields=["refund_status", "-created_at", "-id"], name="orders_by_refund_status"),
            models.Index(fields=["-created_at", "-id"], name="orders_newest"),
            models.Index(
                fields=["status", "fulfilment", "refund_status", "-created_at", "-id"], name="orders_to_ship"
            ),
            # The amounts let the revenue be added up from the index alone.
            models.Index(
                fields=["-paid_at", "-id", "currency", "total", "refund_requested"],
                name="orders_by_paid_at",
            ),
            models.Index(fields=["email", "-created_at", "-id"], name="orders_of_email"),
            models.Index(fields=["search_terms"], name="orders_search"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_final(self) -> bool:
        return not TRANSITIONS[self.status]

    @property
    def units(self) -> int:
        return sum(item.qty for item in self.items)

    @property
    def quantities(self) -> dict[str, int]:
        return {item.product_id: item.qty for item in self.items}

    @property
    def tracking(self) -> dict[str, str] | None:
        if not self.carrier:
            return None
        return {name: getattr(self, name) for name in ("carrier", "tracking_number", "tracking_url")}

    @property
    def refund_outstanding(self) -> Decimal:
        """Return the part of the requested refunds that the provider has not confirmed yet."""
        return self.refund_requested - self.refund_completed

    def as_dict(self) -> dict[str, Any]:
        """Return the order as the API shows it, ready for JSON."""
        return {
            "id": str(self.pk),
            "_id": str(self.pk),
            "number": self.number,
            "user_id": str(self.user_id) if self.user_id else None,
            "email": self.email,
            "shipping_address": self.shipping_address.as_dict() if self.shipping_address else None,
            "items": [item.as_dict() for item in self.items],
            "subtotal": as_json(self.subtotal),
            "discount": as_json(self.discount),
            "shipping": as_json(self.shipping),
            "tax": as_json(self.tax),
            "total": as_json(self.total),
            "currency": self.currency,
            "status": self.status,
            "fulfilment": self.fulfilment,
            "tracking": self.tracking,
            "refund_status": self.refund_status,
            "refund_requested": as_json(self.refund_requested),
            "refund_completed": as_json(self.refund_completed),
            "refunded": as_json(self.refund_requested),  # the deprecated name of refund_requested
            "created_at": time_as_json(self.created_at),
        }


TRANSITIONS: dict[str, frozenset[str]] = {
    Order.Status.PENDING: frozenset({Order.Status.PAID, Order.Status.FAILED, Order.Status.CANCELED}),
    Order.Status.PAID: frozenset(),
    Order.Status.FAILED: frozenset(),
    Order.Status.CANCELED: frozenset(),
}
F = Order.Fulfilment
# For paid orders. Packing may be skipped; a shipped order can no longer be canceled.
FULFILMENT_TRANSITIONS: dict[str, frozenset[str]] = {
    F.UNFULFILLED: frozenset({F.PACKED, F.SHIPPED, F.CANCELED}),
    F.PACKED: frozenset({F.SHIPPED, F.CANCELED}),
    F.SHIPPED: frozenset({F.DELIVERED}),
    F.DELIVERED: frozenset(),
    F.CANCELED: frozenset(),
}


def subtotal_of(items: list[OrderItem]) -> Decimal:
    return sum((item.line_total for item in items), ZERO)
