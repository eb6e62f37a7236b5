from typing import Any

from rest_framework import serializers

from ecommerce.lib.api import MAX_SKIP, Page
from orders.models import Order


class AllOrdersPage(Page):
    skip = serializers.IntegerField(min_value=0, max_value=MAX_SKIP, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class PlacedOrder(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    total = serializers.FloatField()


class OrderItemAnswer(serializers.Serializer[Any]):
    product_id = serializers.CharField(help_text="The product's ObjectId")
    name = serializers.CharField()
    unit_price = serializers.FloatField()
    qty = serializers.IntegerField()
    line_total = serializers.FloatField()


class OrderAnswer(serializers.Serializer[Any]):
    """The schema of an order as `Order.as_dict` writes it."""

    id = serializers.CharField(help_text="ObjectId")
    _id = serializers.CharField(label="_id", help_text="The same ObjectId")
    number = serializers.CharField()
    user_id = serializers.CharField()
    items = OrderItemAnswer(many=True)
    total = serializers.FloatField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    created_at = serializers.DateTimeField()
