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
