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
        allow_null=True, help_text="Where the customer pays; null once the payment has ended."
    )


class PaymentAnswer(StartedPayment):
    """The schema of a payment as `Payment.as_dict` writes it."""

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
        help_text="Without it, all that is left.",
    )
    reason = serializers.CharField(max_length=300)
    restock = serializers.BooleanField(
        default=False, help_text="Put the order's goods back into stock, once; only with all that is left."
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
