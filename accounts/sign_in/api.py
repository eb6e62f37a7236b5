"""API endpoints to sign up and sign in."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.sessions.serializers import TokensAnswer
from accounts.sessions.token_answers import signed_in_answer
from accounts.sign_in import services
from accounts.sign_in.known_devices import origin
from accounts.sign_in.serializers import Credentials, NewCredentials
from ecommerce.core.web.api import body, errors


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
        """Create an account and sign in: 400 if the e-mail is registered, in upper or lower case."""
        fields = body(NewCredentials, request.data)
        cookie = fields.pop("cookie")
        return signed_in_answer(request, services.sign_up(**fields), cookie=cookie)


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
        """Sign in: 401 for wrong credentials, 429 with `Retry-After` after too many failures."""
        fields = body(Credentials, request.data)
        cookie = fields.pop("cookie")
        user = services.sign_in(**fields, **origin(request))
        return signed_in_answer(request, user, cookie=cookie)
