"""Answers of the API with tokens, and requests with a refresh token."""

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.sessions import cookies
from accounts.sessions import services as sessions
from accounts.sessions.serializers import RefreshToken
from accounts.sign_in import known_devices
from ecommerce.core.web.api import body
from ecommerce.core.web.http import Device


def signed_in_answer(request: Request, user: User, *, cookie: bool) -> Response:
    """Start a session for a user who has just signed in, and return its tokens."""
    user_logged_in.send(sender=User, request=request, user=user)
    response = answer(sessions.start_session(user, device=Device.of(request)), cookie=cookie)
    if cookie:
        known_devices.remember(request, response, user.email)
    return response


def answer(grant: sessions.Grant, *, cookie: bool) -> Response:
    """Return the tokens; with `cookie`, the refresh token is only in an HttpOnly cookie."""
    tokens: dict[str, Any] = {
        "access_token": grant.access_token,
        "token_type": "bearer",
        "expires_in": settings.ACCESS_TOKEN_EXPIRES_MIN * 60,
    }
    response = Response(tokens if cookie else tokens | {"refresh_token": grant.refresh_token})
    response["Cache-Control"] = "no-store"
    if cookie:
        cookies.store(response, grant)
    return response


def presented_refresh_token(request: Request) -> tuple[str | None, bool]:
    """Return the refresh token of the body or else of the cookie, and whether it is the cookie's."""
    token = body(RefreshToken, request.data).get("refresh_token")
    if token:
        return token, False
    return cookies.read(request), True
