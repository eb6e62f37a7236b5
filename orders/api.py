"""The API of orders: create one from the cart, list them, and read one. Guests send a token."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Address, ServiceKey
from cart.authentication import CartToken
from ecommerce.core.db.keyset import cursor_of, rows_after
from ecommerce.core.text.money import as_json
from ecommerce.core.web.api import (
    BEARER,
    NEXT,
    STAFF,
    Page,
    body,
    can,
    errors,
    idempotency_key,
    keys_need,
    link_to_next,
    query,
)
from ecommerce.core.web.http import signed_in
from orders import services
from orders.access.authentication import OrderToken
from orders.access.tokens import order_token
from orders.models import NEWEST_FIRST, Order, OrderQuerySet
from orders.order_contact import Contact
from orders.serializers import AllOrdersPage, CreateOrderBody, OrderAnswer, PlacedGuestOrder

LINK = OpenApiParameter("Link", str, "header", response=[200], description=NEXT)


class CreateOrder(APIView):
    authentication_classes = (*BEARER, CartToken)

    @extend_schema(
        operation_id="create_order",
        tags=["checkout"],
        request={"application/json": CreateOrderBody},
        parameters=[OpenApiParameter("Idempotency-Key", location="header", type=str)],
        responses={
            201: PlacedGuestOrder,
            200: OpenApiResponse(
                PlacedGuestOrder, "The order that an earlier request with this key created."
            ),
            **errors(400, 401, 422),
        },
    )
    def post(self, request: Request) -> Response:
        """Turn the cart into a pending order. Stock is taken when the order is paid, not here.

        A guest must send an `email` and gets the `order_token` that gives access to the order.
        """
        contact = _contact(**body(CreateOrderBody, request.data))
        placed = services.place_order(user=signed_in(request), contact=contact, key=idempotency_key(request))
        return Response(_placed(placed.order), status=201 if placed.created else 200)


def _contact(email: str = "", shipping_address: dict[str, Any] | None = None) -> Contact:
    return Contact(email, Address(**shipping_address) if shipping_address else None)


def _placed(order: Order) -> dict[str, Any]:
    answer = {"order_id": str(order.pk), "status": order.status, "total": as_json(order.total)}
    return answer if order.user_id else {**answer, "order_token": order_token(order)}


class OrderList(APIView):
    @extend_schema(
        operation_id="list_orders",
        tags=["orders"],
        parameters=[Page, LINK],
        responses={200: OrderAnswer(many=True), **errors(400, 401)},
    )
    def get(self, request: Request) -> Response:
        """List the signed-in user's orders, newest first."""
        return _page(request, Order.objects.of(signed_in(request)), Page)


class OrderDetail(APIView):
    authentication_classes = (*STAFF, OrderToken)
    permission_classes = [IsAuthenticated, keys_need("orders.view_order")]

    @extend_schema(
        operation_id="get_order",
        tags=["orders"],
        responses={200: OrderAnswer, **errors(401, 403, 404)},
    )
    def get(self, request: Request, order_id: str) -> Response:
        """Return one of the customer's orders; another customer's is a 404. Service keys read any order."""
        user = signed_in(request)
        if isinstance(user, ServiceKey):
            return Response(services.find_order(order_id).as_dict())
        return Response(services.get_order(user=user, order_id=order_id).as_dict())


class AllOrders(APIView):
    authentication_classes = STAFF
    permission_classes = [can("orders.view_order")]

    @extend_schema(
        operation_id="list_all_orders",
        tags=["orders"],
        parameters=[AllOrdersPage, LINK],
        responses={200: OrderAnswer(many=True), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List all customers' orders, newest first, for support, admins and service keys."""
        return _page(request, Order.objects.all(), AllOrdersPage)


def _page(request: Request, orders: OrderQuerySet, parameters: type[Page]) -> Response:
    page = query(parameters, request.query_params)
    skip, limit, after = page["skip"], page["limit"], page["after"]
    if after:
        shown = rows_after(orders, NEWEST_FIRST, after, limit)
    else:
        shown = list(orders.newest_first()[skip : skip + limit])
    response = Response([order.as_dict() for order in shown])
    if len(shown) == limit:
        response["Link"] = link_to_next(request, parameters, cursor_of(shown[-1], NEWEST_FIRST))
    return response
