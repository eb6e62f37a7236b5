import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from bson import Decimal128, ObjectId
from django.core.signing import BadSignature, Signer
from django.db import models
from django_mongodb_backend.fields import EmbeddedModelArrayField
from django_mongodb_backend.models import EmbeddedModel

from accounts.models import User
from catalog.models import Product

MAX_QTY = 99
MAX_LINES = 50


@dataclass(frozen=True)
class Guest:
    """A customer without an account, identified only by a signed secret. Takes the place of a User."""

    token: str
    is_authenticated: ClassVar[bool] = True  # to the REST framework, which then lets the guest in
    signer: ClassVar[Signer] = Signer(salt="cart.guest")

    @classmethod
    def new(cls) -> "Guest":
        return cls(cls.signer.sign(secrets.token_urlsafe(32)))

    @classmethod
    def of_token(cls, token: str) -> "Guest | None":
        """Return the guest of a token that this shop signed, and None for any other token."""
        try:
            cls.signer.unsign(token)
        except BadSignature:
            return None
        return cls(token)

    @property
    def digest(self) -> bytes:
        """Return the hash under which the cart is stored; the secret itself is not stored."""
        return hashlib.sha256(self.token.rpartition(":")[0].encode()).digest()


Buyer = User | Guest


class CartItem(EmbeddedModel):
    product_id = models.PositiveIntegerField()  # the number that customers see, as specified
    qty = models.PositiveIntegerField()
    seen_price = models.DecimalField(max_digits=9, decimal_places=2, null=True)  # when last added


class Cart(models.Model):
    """One document per owner, changed only by single conditional commands (`cart.services`)."""

    owner = models.CharField(max_length=80, unique=True)  # u:<user id> or g:<hash of a guest's secret>
    user_id = models.CharField(max_length=24, null=True)
    items = EmbeddedModelArrayField(CartItem, default=list)
    version = models.PositiveIntegerField(default=0)  # increased by every change
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "carts"
        indexes = [
            models.Index(fields=["owner"], name="carts_owner"),
            models.Index(fields=["user_id", "updated_at"], name="carts_by_age"),
        ]

    def __str__(self) -> str:
        return self.owner

    @property
    def quantities(self) -> dict[int, int]:
        return {item.product_id: item.qty for item in self.items}

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> "Cart":
        """Return the cart that MongoDB sent as a reply to a change."""
        items = [CartItem(**_with_decimals(item)) for item in document["items"]]
        fields = {"items": items, "updated_at": document["updated_at"].replace(tzinfo=UTC)}
        return cls(pk=document.pop("_id"), **{**document, **fields})

    @classmethod
    def empty(cls, user: Buyer) -> "Cart":
        """Return an unsaved cart with the id that the stored one will have."""
        return cls(
            pk=cart_id(user),
            owner=owner_key(user),
            user_id=user_id(user),
            items=[],
            updated_at=user.created_at if isinstance(user, User) else datetime.now(UTC),
        )


def owner_key(user: Buyer) -> str:
    return owner_of_user(user.pk) if isinstance(user, User) else f"g:{user.digest.hex()}"


def owner_of_user(pk: Any) -> str:
    return f"u:{pk}"


def user_id(user: Buyer) -> str | None:
    return str(user.pk) if isinstance(user, User) else None


def _with_decimals(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.to_decimal() if isinstance(value, Decimal128) else value for name, value in item.items()
    }


def cart_id(user: Buyer) -> ObjectId:
    """Return the cart's id, which is known before the cart is stored: reading creates nothing."""
    return ObjectId(str(user.pk)) if isinstance(user, User) else ObjectId(user.digest[:12])


def largest_quantity(product: Product) -> int:
    """Return how many of the product one line may hold: the stock, and never more than MAX_QTY."""
    return min(product.inventory, MAX_QTY)
