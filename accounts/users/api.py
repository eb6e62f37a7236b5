"""API endpoints with which admins change the role of a user."""

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
        responses={200: UserAnswer, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request) -> Response:
        """Make a user an admin and end their sessions: 404 for an unknown e-mail, 400 for an admin.

        In production (`REQUIRE_VERIFIED_STAFF`) 409 unless the user's e-mail is confirmed.
        """
        fields = body(Email, request.data)
        return Response(users.promote_to_admin(**fields, by=signed_in(request)).as_dict())


class SetRole(APIView):
    permission_classes = [can("accounts.change_user")]

    @extend_schema(
        operation_id="set_role",
        tags=["auth"],
        request=RoleOf,
        responses={200: UserAnswer, **errors(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request) -> Response:
        """Set the role of a user, `user` for a customer: 400 for the last admin, 404 for an unknown e-mail.

        A different role ends the user's sessions; the same one changes nothing. In production
        (`REQUIRE_VERIFIED_STAFF`) 409 for a staff role unless the user's e-mail is confirmed.
        """
        fields = body(RoleOf, request.data)
        return Response(users.set_role(**fields, by=signed_in(request)).as_dict())
