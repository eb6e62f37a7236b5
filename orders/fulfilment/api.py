"""The API of the steps that staff take with a paid order."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ecommerce.core.web.api import STAFF, body, can, errors
from ecommerce.core.web.http import signed_in
from orders.fulfilment import services
from orders.fulfilment.serializers import ShipBody
from orders.serializers import OrderAnswer
from orders.services import find_order


class Pack(APIView):
    authentication_classes = STAFF
    permission_classes = [can("orders.change_order")]

    @extend_schema(
        operation_id="pack_order",
        tags=["admin"],
        request=None,
        responses={200: OrderAnswer, **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Mark a paid order as packed. A repeat gets the same answer."""
        order = services.pack(find_order(order_id), by=signed_in(request))
        return Response(order.as_dict())


class Ship(APIView):
    authentication_classes = STAFF
    permission_classes = [can("orders.change_order")]

    @extend_schema(
        operation_id="ship_order",
        tags=["admin"],
        request=ShipBody,
        responses={200: OrderAnswer, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Mark a paid order as shipped and tell the customer by mail, once.

        A repeat gets the same answer; a repeat with another parcel is a 409.
        """
        parcel = body(ShipBody, request.data)
        order = services.ship(find_order(order_id), by=signed_in(request), **parcel)
        return Response(order.as_dict())


class CorrectParcel(APIView):
    authentication_classes = STAFF
    permission_classes = [can("orders.change_order")]

    @extend_schema(
        operation_id="correct_parcel",
        tags=["admin"],
        request=ShipBody,
        responses={200: OrderAnswer, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Correct the carrier, number or address of a shipped order and send the customer another mail.

        A repeat gets the same answer and sends no mail. An order that is not on its way is a 409.
        """
        parcel = body(ShipBody, request.data)
        order = services.correct_parcel(find_order(order_id), by=signed_in(request), **parcel)
        return Response(order.as_dict())


class Deliver(APIView):
    authentication_classes = STAFF
    permission_classes = [can("orders.change_order")]

    @extend_schema(
        operation_id="deliver_order",
        tags=["admin"],
        request=None,
        responses={200: OrderAnswer, **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Mark a shipped order as delivered. A repeat gets the same answer."""
        order = services.deliver(find_order(order_id), by=signed_in(request))
        return Response(order.as_dict())
