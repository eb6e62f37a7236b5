"""The API of orders: create one from the cart, list, look at one."""

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ecommerce.lib.api import IsAdmin, Page, errors, idempotency_key, query
from ecommerce.lib.http import signed_in
from ecommerce.lib.money import as_json
from orders import services
from orders.models import Order, OrderQuerySet
from orders.serializers import AllOrdersPage, OrderAnswer, PlacedOrder


class CreateOrder(APIView):
    @extend_schema(
        operation_id="create_order",
        tags=["checkout"],
        request=None,
        parameters=[OpenApiParameter("Idempotency-Key", location="header", type=str)],
        responses={
            201: PlacedOrder,
            200: OpenApiResponse(PlacedOrder, "The order that this Idempotency-Key made before."),
            **errors(400, 401, 422),
        },
    )
    def post(self, request: Request) -> Response:
        """Turn the cart into a pending order. Stock is taken when it is paid, not here."""
        placed = services.place_order(user=signed_in(request), key=idempotency_key(request))
        order = placed.order
        return Response(
            {"order_id": str(order.pk), "status": order.status, "total": as_json(order.total)},
            status=201 if placed.created else 200,
        )


class OrderList(APIView):
    @extend_schema(
        operation_id="list_orders",
        tags=["orders"],
        parameters=[Page],
        responses={200: OrderAnswer(many=True), **errors(400, 401)},
    )
    def get(self, request: Request) -> Response:
        """The signed-in user's orders, newest first."""
        page = query(Page, request.query_params)
        return _page(Order.objects.of(signed_in(request)), **page)


class OrderDetail(APIView):
    @extend_schema(
        operation_id="get_order",
        tags=["orders"],
        responses={200: OrderAnswer, **errors(401, 404)},
    )
    def get(self, request: Request, order_id: str) -> Response:
        """One of the signed-in user's orders; anyone else's is a 404."""
        return Response(services.get_order(user=signed_in(request), order_id=order_id).as_dict())


class AllOrders(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="list_all_orders",
        tags=["orders"],
        parameters=[AllOrdersPage],
        responses={200: OrderAnswer(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Everybody's orders, newest first, for admins."""
        return _page(Order.objects.all(), **query(AllOrdersPage, request.query_params))


def _page(orders: OrderQuerySet, skip: int, limit: int) -> Response:
    return Response([order.as_dict() for order in orders.newest_first()[skip : skip + limit]])
