"""The API of accounts: sign up, sign in, who am I, promote; take one's data along, or have it deleted."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.privacy import services as privacy
from accounts.serializers import (
    Credentials,
    Email,
    NewCredentials,
    Password,
    RoleOf,
    TokensAnswer,
    UserAnswer,
)
from accounts.sessions import cookies
from accounts.sessions.token_answers import signed_in_answer
from accounts.sign_in import services
from accounts.users import services as users
from ecommerce.core.web.api import body, can, errors
from ecommerce.core.web.http import client_ip, signed_in


class SignUp(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="signup",
        tags=["auth"],
        auth=[],
        request=NewCredentials,
        responses={200: TokensAnswer, **errors(400)},
    )
    def post(self, request: Request) -> Response:
        """Make an account and sign in: 400 when the e-mail is registered, whatever its case."""
        given = body(NewCredentials, request.data)
        cookie = given.pop("cookie")
        return signed_in_answer(request, services.sign_up(**given), cookie=cookie)


class Login(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="login",
        tags=["auth"],
        auth=[],
        request=Credentials,
        responses={200: TokensAnswer, **errors(400, 401)},
    )
    def post(self, request: Request) -> Response:
        """Sign in: 401 for wrong credentials, 429 with `Retry-After` after too many of them."""
        given = body(Credentials, request.data)
        cookie = given.pop("cookie")
        user = services.sign_in(**given, ip=client_ip(request))
        return signed_in_answer(request, user, cookie=cookie)


class Me(APIView):
    @extend_schema(operation_id="me", tags=["auth"], responses={200: UserAnswer, **errors(401)})
    def get(self, request: Request) -> Response:
        """The signed-in user."""
        return Response(signed_in(request).as_dict())

    @extend_schema(
        operation_id="delete_account",
        tags=["auth"],
        request=Password,
        responses={204: None, **errors(400, 401)},
    )
    def delete(self, request: Request) -> Response:
        """Delete the account; its orders are kept without it. Send the password: `{"password": "…"}`."""
        password = body(Password, request.data)["password"]
        privacy.erase_account(signed_in(request), password=password, ip=client_ip(request))
        response = Response(status=204)
        cookies.forget(response)
        return response


class Export(APIView):
    @extend_schema(
        operation_id="export_account",
        tags=["auth"],
        responses={200: OpenApiTypes.OBJECT, **errors(401)},
    )
    def get(self, request: Request) -> Response:
        """Everything the shop holds about the signed-in user."""
        headers = {"Content-Disposition": 'attachment; filename="account.json"', "Cache-Control": "no-store"}
        return Response(privacy.export_account(signed_in(request)), headers=headers)


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
