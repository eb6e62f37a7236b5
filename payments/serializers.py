from decimal import Decimal
from typing import Any

from rest_framework import serializers

from orders.models import Order
from payments.models import Payment
from payments.services import OUTCOMES


class StartPaymentBody(serializers.Serializer[Any]):
    order_id = serializers.CharField()


class StartedPayment(serializers.Serializer[Any]):
    payment_id = serializers.CharField()
    gateway = serializers.CharField()
    status = serializers.ChoiceField(choices=Payment.Status.choices)
    redirect_url = serializers.CharField(
        allow_null=True, help_text="The page on which the customer pays; null after the payment has ended."
    )


class PaymentAnswer(StartedPayment):
    """The schema of `Payment.as_dict`."""

    order_id = serializers.CharField()
    amount = serializers.FloatField()
    currency = serializers.CharField()
    created_at = serializers.DateTimeField()


class RefundBody(serializers.Serializer[Any]):
    amount = serializers.DecimalField(
        max_digits=14,
        decimal_places=2,
        min_value=Decimal("0.01"),
        required=False,
        help_text="Without an amount, everything that is left is refunded.",
    )
    reason = serializers.CharField(max_length=300)
    restock = serializers.BooleanField(
        default=False,
        help_text="Put the order's items back into stock. Only possible with everything that is left.",
    )


class WebhookAnswer(serializers.Serializer[Any]):
    received = serializers.BooleanField()


class ConfirmQuery(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=OUTCOMES,
        default="success",
        error_messages={"invalid_choice": "Choose success, failure or canceled."},
    )


class ConfirmAnswer(serializers.Serializer[Any]):
    order_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
