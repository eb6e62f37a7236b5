"""API endpoints to refresh tokens, sign out, list sessions and end them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.sessions import cookies, token_answers
from accounts.sessions import services as sessions
from accounts.sessions.serializers import RefreshToken, SessionAnswer, TokensAnswer
from ecommerce.core.web.api import errors
from ecommerce.core.web.http import signed_in


class Refresh(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="refresh",
        tags=["auth"],
        auth=[],
        request=RefreshToken,
        responses={200: TokensAnswer, **errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Return new tokens. A refresh token works once; reused after ten seconds, it ends the session."""
        token, from_cookie = token_answers.presented_refresh_token(request)
        return token_answers.answer(sessions.refresh(token or ""), cookie=from_cookie)


class Logout(APIView):
    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        """Leave authentication to `post`: with a refresh token, the access token may have expired."""

    @extend_schema(
        operation_id="logout",
        tags=["auth"],
        request=RefreshToken,
        responses={204: None, **errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """End the session of the refresh token or, without one, of the access token."""
        token, _ = token_answers.presented_refresh_token(request)
        if token:
            sessions.end_by_refresh_token(token)
        elif signed_in(request).is_authenticated:
            sessions.end_session(signed_in(request), session_id=_current(request))
        else:
            raise NotAuthenticated
        return _signed_out()


class LogoutAll(APIView):
    @extend_schema(
        operation_id="logout_all", tags=["auth"], request=None, responses={204: None, **errors(401)}
    )
    def post(self, request: Request) -> Response:
        """End every session of the account, in browsers and API clients."""
        sessions.end_all_sessions(signed_in(request))
        return _signed_out()


class SessionList(APIView):
    @extend_schema(
        operation_id="list_sessions",
        tags=["auth"],
        responses={200: SessionAnswer(many=True), **errors(401)},
    )
    def get(self, request: Request) -> Response:
        """List the sessions of the account, the newest first."""
        listed = sessions.list_sessions(signed_in(request), current=_current(request))
        return Response([session.as_dict() for session in listed])


class Session(APIView):
    @extend_schema(operation_id="end_session", tags=["auth"], responses={204: None, **errors(401, 404)})
    def delete(self, request: Request, session_id: str) -> Response:
        """End one of the account's sessions: 404 for another account's."""
        sessions.end_session(signed_in(request), session_id=session_id)
        return Response(status=204)


def _current(request: Request) -> str:
    claims: Any = request.auth
    return str(claims.get("family", ""))


def _signed_out() -> Response:
    response = Response(status=204)
    cookies.delete(response)
    return response
