from typing import Any

from rest_framework import serializers

from orders.fulfilment.validators import web_address


class ShipBody(serializers.Serializer[Any]):
    carrier = serializers.CharField(max_length=100)
    tracking_number = serializers.CharField(max_length=100)
    tracking_url = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, validators=[web_address], help_text="http(s)"
    )
