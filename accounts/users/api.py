"""The API through which admins change the role of an account."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.sign_in.serializers import Email
from accounts.users import services as users
from accounts.users.serializers import RoleOf, UserAnswer
from ecommerce.core.web.api import body, can, errors
from ecommerce.core.web.http import signed_in


class PromoteToAdmin(APIView):
    permission_classes = [can("accounts.change_user")]

    @extend_schema(
        operation_id="promote_to_admin",
        tags=["auth"],
        request=Email,
        responses={200: UserAnswer, **errors(400, 401, 403, 404)},
    )
    def post(self, request: Request) -> Response:
        """Make a user an admin, who signs in again: 404 for an unknown e-mail, 400 for one who is already."""
        given = body(Email, request.data)
        return Response(users.promote_to_admin(**given, by=signed_in(request)).as_dict())


class SetRole(APIView):
    permission_classes = [can("accounts.change_user")]

    @extend_schema(
        operation_id="set_role",
        tags=["auth"],
        request=RoleOf,
        responses={200: UserAnswer, **errors(400, 401, 403, 404)},
    )
    def post(self, request: Request) -> Response:
        """Give a user another role, `user` to take it away: 400 for the last admin, 404 if unknown.

        Another role ends the user's sessions; the same one changes nothing.
        """
        given = body(RoleOf, request.data)
        return Response(users.set_role(**given, by=signed_in(request)).as_dict())
