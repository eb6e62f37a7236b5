"""The API of what staff do with the goods of an order."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ecommerce.core.web.api import STAFF, body, can, errors
from ecommerce.core.web.http import signed_in
from orders.fulfilment import services as fulfilment
from orders.serializers import OrderAnswer, ShipBody


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
        """A paid order is packed. Sent again, it is the same answer."""
        return Response(fulfilment.pack(order_id=order_id, by=signed_in(request)).as_dict())


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
        """A paid order is handed to a carrier, and the customer told by mail, once.

        Sent again, it is the same answer; with another parcel it is a 409.
        """
        parcel = body(ShipBody, request.data)
        return Response(fulfilment.ship(order_id=order_id, by=signed_in(request), **parcel).as_dict())


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
        """A shipped order gets another carrier, number or address, and the customer another mail.

        Sent again, it is the same answer and no other mail. Of an order that is not on its way: 409.
        """
        parcel = body(ShipBody, request.data)
        order = fulfilment.correct_parcel(order_id=order_id, by=signed_in(request), **parcel)
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
        """A shipped order has arrived. Sent again, it is the same answer."""
        return Response(fulfilment.deliver(order_id=order_id, by=signed_in(request)).as_dict())
