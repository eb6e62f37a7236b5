"""The API of the cart, for signed-in users and for guests with a cart token."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cart import services
from cart.authentication import CartToken
from cart.models import Guest
from cart.serializers import AddItem, CartAnswer, NewGuest, RemoveItem, cart_as_dict
from ecommerce.core.web.api import BEARER, body, errors
from ecommerce.core.web.http import signed_in


class NewGuestCart(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="new_guest_cart",
        tags=["cart"],
        auth=[],
        request=None,
        responses={201: NewGuest, **errors()},
    )
    def post(self, request: Request) -> Response:
        """Start a cart without an account. It is kept for 30 days after its last change.

        Send its token as `X-Cart-Token` from now on. Signing in with it moves the lines into the user's cart.
        """
        return Response({"cart_token": Guest.new().token}, status=201)


class CartDetail(APIView):
    authentication_classes = (*BEARER, CartToken)

    @extend_schema(operation_id="get_cart", tags=["cart"], responses={200: CartAnswer, **errors(401)})
    def get(self, request: Request) -> Response:
        """Return the customer's cart, which may be empty."""
        return Response(cart_as_dict(services.get_cart(user=signed_in(request))))


class CartAdd(APIView):
    authentication_classes = (*BEARER, CartToken)

    @extend_schema(
        operation_id="add_to_cart",
        tags=["cart"],
        request=AddItem,
        responses={200: CartAnswer, **errors(400, 401, 404)},
    )
    def post(self, request: Request) -> Response:
        """Add to the cart: 404 for an unknown or inactive product, 400 at the cart's limits."""
        item = body(AddItem, request.data)
        return Response(cart_as_dict(services.add_item(user=signed_in(request), **item)))


class CartRemove(APIView):
    authentication_classes = (*BEARER, CartToken)

    @extend_schema(
        operation_id="remove_from_cart",
        tags=["cart"],
        request=RemoveItem,
        responses={200: CartAnswer, **errors(400, 401)},
    )
    def post(self, request: Request) -> Response:
        """Remove a product's whole line from the cart, if there is one."""
        item = body(RemoveItem, request.data)
        return Response(cart_as_dict(services.remove_item(user=signed_in(request), **item)))
