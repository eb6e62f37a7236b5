"""The API of what staff do with an order where money is in it."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ecommerce.core.web.api import STAFF, body, can, errors, idempotency_key
from ecommerce.core.web.http import signed_in
from orders.serializers import OrderAnswer
from payments import staff_actions
from payments.serializers import RefundBody


class CancelOrder(APIView):
    authentication_classes = STAFF
    permission_classes = [can("payments.add_refund")]

    @extend_schema(
        operation_id="cancel_any_order",
        tags=["admin"],
        request=None,
        responses={200: OrderAnswer, **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Cancel an order that has not left the house.

        An unpaid one becomes `canceled`. A paid one stays `paid` and its `fulfilment` becomes `canceled`:
        what is left of the money goes back, and the goods go back into stock. Sent again, it is the same
        answer.
        """
        return Response(staff_actions.cancel_order(order_id=order_id, by=signed_in(request)).as_dict())


class RefundOrder(APIView):
    authentication_classes = STAFF
    permission_classes = [can("payments.add_refund")]

    @extend_schema(
        operation_id="refund_order",
        tags=["admin"],
        request=RefundBody,
        parameters=[OpenApiParameter("Idempotency-Key", location="header", type=str)],
        responses={200: OrderAnswer, **errors(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Refund a paid order, of what is left without an `amount`. A worker sends it within a second or so.

        With an `Idempotency-Key` the request may be sent again; without one every request is another refund.
        """
        wanted = body(RefundBody, request.data)
        key = idempotency_key(request)
        order = staff_actions.refund_order(order_id=order_id, by=signed_in(request), key=key, **wanted)
        return Response(order.as_dict())
