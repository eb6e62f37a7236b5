"""The API with which staff cancel and refund orders."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ecommerce.core.web.api import STAFF, body, can, errors, idempotency_key
from ecommerce.core.web.http import signed_in
from orders.serializers import OrderAnswer
from orders.services import find_order
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
        """Cancel an order that has not been shipped.

        An unpaid order becomes `canceled`. A paid order stays `paid` and its `fulfilment` becomes `canceled`:
        the rest of the money is refunded, and the items go back into stock. A repeated request gets the same
        response.
        """
        order = find_order(order_id)
        return Response(staff_actions.cancel_order(order, by=signed_in(request)).as_dict())


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
        """Refund a paid order: the `amount`, or everything that is left.

        A worker sends the refund to the provider, usually within a second. With an `Idempotency-Key` the
        request may be repeated; without one, every request is another refund.
        """
        values = body(RefundBody, request.data)
        key = idempotency_key(request)
        order = find_order(order_id)
        order = staff_actions.refund_order(order, by=signed_in(request), key=key, **values)
        return Response(order.as_dict())
