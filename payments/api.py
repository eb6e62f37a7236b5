"""The API of payments: start one, look at it, hear from the provider; settle a simulated one."""

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
                StartedPayment, "The payment that is open, or that this key started before."
            ),
            **errors(400, 401, 404, 409, 422, 502),
        },
    )
    def post(self, request: Request) -> Response:
        """Start paying a pending order: send the customer to `redirect_url`.

        With a real gateway the stock is held until the payment ends or expires. After a 503 the same
        request may be sent again.
        """
        order = get_order(user=signed_in(request), **body(StartPaymentBody, request.data))
        payment, created = start.start_payment(order=order, key=idempotency_key(request))
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
        """A payment of one of the customer's orders; anyone else's is a 404."""
        return Response(services.get_payment(user=signed_in(request), payment_id=payment_id).as_dict())


class Webhook(APIView):
    """Open to everybody: the signature alone says who it is from."""

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
        """For the payment provider. A repeated event is a 200; after a 5xx it should be sent again."""
        if len(request.body) > webhooks.LIMIT:
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
        """Settle a pending order; a final one is answered unchanged.

        Where stock is short the order becomes failed and the answer is a 400. With a real gateway only
        `canceled` is possible.
        """
        order = services.confirm(user=signed_in(request), **query(ConfirmQuery, request.query_params))
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
        """Cancel an order that is not paid. Canceled already is a 200, paid or failed a 409."""
        order = services.cancel_order(user=signed_in(request), order_id=order_id)
        return Response(order.as_dict())
