"""How the API hands tokens over, and takes a refresh token back."""

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.sessions import cookies
from accounts.sessions import services as sessions
from accounts.sessions.serializers import RefreshToken
from ecommerce.core.web.api import body
from ecommerce.core.web.http import Device


def signed_in_answer(request: Request, user: User, *, cookie: bool) -> Response:
    user_logged_in.send(sender=User, request=request, user=user)
    return answer(sessions.start_session(user, device=Device.of(request)), cookie=cookie)


def answer(grant: sessions.Grant, *, cookie: bool) -> Response:
    """With `cookie` the refresh token is nowhere that a script could read it."""
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
    """The one in the body, else the cookie's; and whether it is the cookie's."""
    given = body(RefreshToken, request.data).get("refresh_token")
    return (given, False) if given else (cookies.read(request), True)
