"""The API of accounts: sign up, sign in, who am I, promote."""

from django.contrib.auth.signals import user_logged_in
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.models import User
from accounts.serializers import (
    AccessTokenAnswer,
    Credentials,
    Email,
    NewCredentials,
    UserAnswer,
)
from accounts.tokens import access_token
from ecommerce.lib.api import IsAdmin, body, errors
from ecommerce.lib.http import signed_in


def _token(request: Request, user: User) -> Response:
    user_logged_in.send(sender=User, request=request, user=user)
    return Response({"access_token": access_token(user), "token_type": "bearer"})


class SignUp(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="signup",
        tags=["auth"],
        auth=[],
        request=NewCredentials,
        responses={200: AccessTokenAnswer, **errors(400)},
    )
    def post(self, request: Request) -> Response:
        """Make an account and sign in: 400 when the e-mail is registered, whatever its case."""
        return _token(request, services.sign_up(**body(NewCredentials, request.data)))


class Login(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="login",
        tags=["auth"],
        auth=[],
        request=Credentials,
        responses={200: AccessTokenAnswer, **errors(400, 401)},
    )
    def post(self, request: Request) -> Response:
        """Sign in: 401 for wrong credentials."""
        return _token(request, services.sign_in(**body(Credentials, request.data)))


class Me(APIView):
    @extend_schema(operation_id="me", tags=["auth"], responses={200: UserAnswer, **errors(401)})
    def get(self, request: Request) -> Response:
        """The signed-in user."""
        return Response(signed_in(request).as_dict())


class PromoteToAdmin(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="promote_to_admin",
        tags=["auth"],
        request=Email,
        responses={200: UserAnswer, **errors(400, 401, 403, 404)},
    )
    def post(self, request: Request) -> Response:
        """Make a user an admin: 404 for an unknown e-mail, 400 for one who is already."""
        return Response(services.promote_to_admin(**body(Email, request.data)).as_dict())
