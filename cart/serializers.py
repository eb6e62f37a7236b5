from typing import Any

from rest_framework import serializers

from cart.models import MAX_QTY, Cart
from catalog.models import MAX_PRODUCT_ID
from ecommerce.core.text.times import as_json


class ItemAnswer(serializers.Serializer[Any]):
    product_id = serializers.IntegerField()
    qty = serializers.IntegerField()


class CartAnswer(serializers.Serializer[Any]):
    """The schema of what `cart_as_dict` returns."""

    id = serializers.CharField(help_text="ObjectId")
    _id = serializers.CharField(label="_id", help_text="The same ObjectId")
    user_id = serializers.CharField(allow_null=True, help_text="null for a guest")
    items = ItemAnswer(many=True)
    updated_at = serializers.DateTimeField()


def cart_as_dict(cart: Cart) -> dict[str, Any]:
    """Return the cart as the API shows it, ready for JSON."""
    return {
        "id": str(cart.pk),
        "_id": str(cart.pk),
        "user_id": cart.user_id,
        "items": [{"product_id": item.product_id, "qty": item.qty} for item in cart.items],
        "updated_at": as_json(cart.updated_at),
    }


class AddItem(serializers.Serializer[Any]):
    product_id = serializers.IntegerField(min_value=1, max_value=MAX_PRODUCT_ID)
    qty = serializers.IntegerField(
        min_value=1, max_value=1_000_000, help_text=f"A line holds at most {MAX_QTY}."
    )


class RemoveItem(serializers.Serializer[Any]):
    product_id = serializers.IntegerField(min_value=1, max_value=MAX_PRODUCT_ID)


class NewGuest(serializers.Serializer[Any]):
    cart_token = serializers.CharField(help_text="To be sent as `X-Cart-Token`")
