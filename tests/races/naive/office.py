"""Naive versions of what staff members do with an order: read, check, save."""

import uuid
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Product
from ecommerce.core import audit
from ecommerce.core.models import OutboxMessage
from orders.models import Order
from payments.models import Payment, Refund
from tests.races.naive.views import pause, record, refused


class Ship(APIView):
    def post(self, request: Request, order_id: str) -> Response:
        order = Order.objects.get(pk=order_id)
        if order.fulfilment == "shipped":
            return Response(order.as_dict())
        if order.fulfilment != "unfulfilled":
            return refused(f"This order is already {order.fulfilment}.", 409)
        pause(0.1)
        order.fulfilment, order.shipped_at = "shipped", timezone.now()
        for field, value in request.data.items():
            setattr(order, field, value)
        order.save()
        note(request, "order.ship", order)
        payload = {"order": str(order.pk)}
        OutboxMessage.objects.create(kind="order_shipped", key=uuid.uuid4().hex, payload=payload)
        return Response(order.as_dict())


class Cancel(APIView):
    def post(self, request: Request, order_id: str) -> Response:
        order = Order.objects.get(pk=order_id)
        if order.fulfilment == "canceled":
            return Response(order.as_dict())
        if order.fulfilment != "unfulfilled":
            return refused(f"This order is already {order.fulfilment}.", 409)
        pause(0.1)
        order.fulfilment, order.canceled_at = "canceled", timezone.now()
        note(request, "order.cancel", order)
        give_back(request, order, order.total - order.refund_requested, uuid.uuid4().hex)
        for item in order.items:
            product = Product.objects.get(pk=item.product_id)
            product.inventory += item.qty
            product.save()
            record(product, item.qty, "restock", order=order.pk)
        return Response(order.as_dict())


class RefundOrder(APIView):
    def post(self, request: Request, order_id: str) -> Response:
        order, key = Order.objects.get(pk=order_id), request.headers.get("Idempotency-Key")
        if key and Refund.objects.filter(reason=key).exists():
            return Response(order.as_dict())
        amount = Decimal(request.data["amount"])
        if amount > order.total - order.refund_requested:
            return refused("That is more than is left to refund.", 409)
        pause(0.1)
        give_back(request, order, amount, key or "")
        return Response(order.as_dict())


def give_back(request: Any, order: Order, amount: Decimal, key: str) -> None:
    payment = Payment.objects.get(order=order.pk)
    order.refund_requested += amount
    order.refund_status = "full" if order.refund_requested == order.total else "partial"
    order.save()
    payment.refund_requested = order.refund_requested
    payment.status = "refund_due" if order.refund_requested == order.total else payment.status
    payment.save()
    Refund.objects.create(
        key=uuid.uuid4().hex, reason=key, payment=payment, amount=amount, currency=order.currency
    )
    note(request, "order.refund", order)


def note(request: Any, action: str, order: Order) -> None:
    audit.record(actor=request.user, action=action, obj=order, before={}, after={})
