from typing import Any

from django_countries import countries
from rest_framework import serializers

from ecommerce.core.web.api import MAX_SKIP, Page
from ecommerce.core.web.serializers import NewEmailField
from orders.models import Order


class AllOrdersPage(Page):
    skip = serializers.IntegerField(min_value=0, max_value=MAX_SKIP, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class ShippingAddress(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    line1 = serializers.CharField(max_length=200)
    line2 = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    city = serializers.CharField(max_length=100)
    region = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    postcode = serializers.CharField(max_length=20)
    country = serializers.CharField(help_text="Two letters, as in ISO 3166-1: `DE`")
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")

    def validate_country(self, value: str) -> str:
        if value not in countries:
            raise serializers.ValidationError("Two letters are needed, as in ISO 3166-1: DE.", "invalid")
        return value


class CreateOrderBody(serializers.Serializer[Any]):
    """The e-mail, which is optional for an account, and the optional address."""

    email = NewEmailField(required=False)
    shipping_address = ShippingAddress(required=False, allow_null=True)


class PlacedOrder(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    total = serializers.FloatField()


class PlacedGuestOrder(PlacedOrder):
    order_token = serializers.CharField(
        required=False, help_text="For guests: opens this order and its payment as `X-Order-Token`."
    )


class OrderItemAnswer(serializers.Serializer[Any]):
    product_id = serializers.CharField(help_text="The product's ObjectId")
    name = serializers.CharField()
    unit_price = serializers.FloatField()
    qty = serializers.IntegerField()
    line_total = serializers.FloatField()


class TrackingAnswer(serializers.Serializer[Any]):
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField(help_text="May be empty.")


class OrderAnswer(serializers.Serializer[Any]):
    """The schema of what `Order.as_dict` returns."""

    id = serializers.CharField(help_text="ObjectId")
    _id = serializers.CharField(label="_id", help_text="The same ObjectId")
    number = serializers.CharField()
    user_id = serializers.CharField(allow_null=True, help_text="null for a guest's order")
    email = serializers.EmailField()
    shipping_address = ShippingAddress(allow_null=True)
    items = OrderItemAnswer(many=True)
    subtotal = serializers.FloatField()
    discount = serializers.FloatField()
    shipping = serializers.FloatField()
    tax = serializers.FloatField()
    total = serializers.FloatField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    fulfilment = serializers.ChoiceField(
        choices=Order.Fulfilment.choices, help_text="Where the goods of a paid order are."
    )
    tracking = TrackingAnswer(allow_null=True, help_text="Null until the order is shipped.")
    refund_status = serializers.ChoiceField(choices=Order.RefundStatus.choices)
    refund_requested = serializers.FloatField(help_text="Of all refunds, confirmed by the provider or not.")
    refund_completed = serializers.FloatField(help_text="The part that the provider has confirmed.")
    refunded = serializers.FloatField(help_text="Deprecated: the same as `refund_requested`.")
    created_at = serializers.DateTimeField()
