"""API endpoints to read one's own account, export its data, and delete it."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.privacy import services as privacy
from accounts.sessions import cookies
from accounts.sign_in.known_devices import origin
from accounts.sign_in.serializers import Password
from accounts.users.serializers import UserAnswer
from ecommerce.core.web.api import body, errors
from ecommerce.core.web.http import signed_in


class Me(APIView):
    @extend_schema(operation_id="me", tags=["auth"], responses={200: UserAnswer, **errors(401)})
    def get(self, request: Request) -> Response:
        """Return the signed-in user."""
        return Response(signed_in(request).as_dict())

    @extend_schema(
        operation_id="delete_account",
        tags=["auth"],
        request=Password,
        responses={204: None, **errors(400, 401, 409)},
    )
    def delete(self, request: Request) -> Response:
        """Delete the account but keep its orders. Send the password: `{"password": "…"}`. 409 for staff."""
        password = body(Password, request.data)["password"]
        privacy.erase_account(signed_in(request), password=password, **origin(request))
        response = Response(status=204)
        cookies.delete(response)
        return response


class Export(APIView):
    @extend_schema(
        operation_id="export_account",
        tags=["auth"],
        responses={200: OpenApiTypes.OBJECT, **errors(401)},
    )
    def get(self, request: Request) -> Response:
        """Return all data that the shop holds about the signed-in user."""
        headers = {"Content-Disposition": 'attachment; filename="account.json"', "Cache-Control": "no-store"}
        return Response(privacy.export_account(signed_in(request)), headers=headers)
