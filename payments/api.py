"""The API of payments: start one, read one, receive webhooks, confirm a simulated one, cancel an order."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ecommerce.core.web.api import BEARER, body, errors, idempotency_key, query
from ecommerce.core.web.http import signed_in
from orders.access.authentication import OrderToken
from orders.serializers import OrderAnswer
from orders.services import get_order
from payments import services, start, webhooks
from payments.gateways.base import BadWebhook
from payments.serializers import (
    ConfirmAnswer,
    ConfirmQuery,
    PaymentAnswer,
    StartedPayment,
    StartPaymentBody,
    WebhookAnswer,
)


class StartPayment(APIView):
    authentication_classes = (*BEARER, OrderToken)

    @extend_schema(
        operation_id="start_payment",
        tags=["payments"],
        request=StartPaymentBody,
        parameters=[OpenApiParameter("Idempotency-Key", location="header", type=str)],
        responses={
            201: StartedPayment,
            200: OpenApiResponse(
                StartedPayment, "The payment that is already open, or that this key has started."
            ),
            **errors(400, 401, 404, 409, 422, 502),
        },
    )
    def post(self, request: Request) -> Response:
        """Start the payment of a pending order. The customer pays at `redirect_url`.

        With a real gateway the stock is on hold until the payment ends or expires, so start it when the
        customer is about to open that page. One buyer, one network and one order can hold only so much:
        beyond that the payment starts without a hold, and is refunded if the goods are gone when the money
        arrives. A 409 means that the order is final, past its deadline or at other prices than today's, or
        that too many payments are open. After a 503, send the same request again.
        """
        order = get_order(user=signed_in(request), **body(StartPaymentBody, request.data))
        payment, created = start.start_payment(order, key=idempotency_key(request))
        shown = payment.as_dict()
        answer = {name: shown[name] for name in ("payment_id", "gateway", "status", "redirect_url")}
        return Response(answer, status=201 if created else 200)


class PaymentDetail(APIView):
    authentication_classes = (*BEARER, OrderToken)

    @extend_schema(
        operation_id="get_payment",
        tags=["payments"],
        responses={200: PaymentAnswer, **errors(401, 404)},
    )
    def get(self, request: Request, payment_id: str) -> Response:
        """Return a payment of one of the customer's orders; any other payment is a 404."""
        payment = services.get_payment(user=signed_in(request), payment_id=payment_id)
        return Response(payment.as_dict())


class Webhook(APIView):
    """Needs no authentication: the signature proves that the provider sent the request."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="receive_webhook",
        auth=[],
        tags=["payments"],
        request=OpenApiTypes.OBJECT,
        responses={200: WebhookAnswer, **errors(400, 404, 502)},
    )
    def post(self, request: Request, gateway: str) -> Response:
        """Receive an event from a payment provider.

        A repeated event is answered with 200. After a 5xx the provider should send the event again.
        """
        if len(request.body) > webhooks.MAX_BYTES:
            raise BadWebhook
        webhooks.receive(name=gateway, body=request.body, headers=request.headers)
        return Response({"received": True})


class ConfirmPayment(APIView):
    authentication_classes = (*BEARER, OrderToken)

    @extend_schema(
        operation_id="confirm_payment",
        tags=["payments"],
        request=None,
        parameters=[ConfirmQuery],
        responses={200: ConfirmAnswer, **errors(400, 401, 404, 409)},
    )
    def post(self, request: Request) -> Response:
        """Settle a pending order. A final order is returned unchanged.

        If there is too little stock, the order becomes failed and the response is a 400. With a real gateway,
        `canceled` is the only possible outcome.
        """
        values = query(ConfirmQuery, request.query_params)
        customer = signed_in(request)
        order = get_order(user=customer, order_id=values["order_id"])
        order = services.confirm(order, outcome=values["outcome"], by=customer)
        return Response({"order_id": str(order.pk), "status": order.status})


class CancelOrder(APIView):
    authentication_classes = (*BEARER, OrderToken)

    @extend_schema(
        operation_id="cancel_order",
        tags=["orders"],
        request=None,
        responses={200: OrderAnswer, **errors(401, 404, 409)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Cancel an unpaid order. A canceled one is a 200 again, a paid or failed one a 409."""
        customer = signed_in(request)
        order = get_order(user=customer, order_id=order_id)
        return Response(services.cancel(order, by=customer).as_dict())
