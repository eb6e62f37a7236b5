from bson import ObjectId
from django.db import models
from django_mongodb_backend.fields import EmbeddedModelArrayField
from django_mongodb_backend.models import EmbeddedModel

from accounts.models import User

MAX_QTY = 99
MAX_LINES = 50


class CartItem(EmbeddedModel):
    product_id = models.PositiveIntegerField()  # the integer that customers see, as specified
    qty = models.PositiveIntegerField()
    seen_price = models.DecimalField(max_digits=9, decimal_places=2, null=True)  # when last added


class Cart(models.Model):
    """One document per owner, changed only by single conditional commands (`cart.services`)."""

    owner = models.CharField(max_length=80, unique=True)  # u:<user id>
    user_id = models.CharField(max_length=24, null=True)
    items = EmbeddedModelArrayField(CartItem, default=list)
    version = models.PositiveIntegerField(default=0)  # one more with every change
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "carts"
        indexes = [models.Index(fields=["owner"], name="carts_owner")]

    def __str__(self) -> str:
        return self.owner

    @classmethod
    def empty(cls, user: User) -> "Cart":
        """The cart of a user who never had one: not stored, its id is the one it will have."""
        return cls(
            pk=ObjectId(str(user.pk)),
            owner=owner_key(user),
            user_id=str(user.pk),
            items=[],
            updated_at=user.created_at,
        )


def owner_key(user: User) -> str:
    return f"u:{user.pk}"
