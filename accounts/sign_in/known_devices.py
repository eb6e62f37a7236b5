"""Browsers in which an account was signed in before, known by a signed cookie.

The lockout counts their failures apart from those of strangers, who could otherwise lock the owner out. The
cookie proves no identity: signing in still needs the password. It outlives signing out, and works only for
the e-mail of that sign-in, which it does not contain.
"""

import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from ecommerce.core.web.http import client_ip

LIFETIME = timedelta(days=180)
MOST_READ = 10  # a browser has one cookie for each of its accounts
SALT = "accounts.known_device"


class Origin(TypedDict):
    """What the lockout must know of a request."""

    ip: str
    devices: list[str]


def origin(request: Any) -> Origin:
    return {"ip": client_ip(request), "devices": presented(request)}


def presented(request: Any) -> list[str]:
    """Return the values of the request's cookies of known devices, not yet verified."""
    values = [value for name, value in request.COOKIES.items() if name.startswith(_prefix())]
    return values[:MOST_READ]


def recognize(values: Iterable[str], email: str) -> str | None:
    """Return the id of the device if one of the cookies was set at a sign-in with this e-mail."""
    for value in values:
        try:
            return _signer(email).unsign(value, max_age=LIFETIME)
        except BadSignature:
            continue
    return None


def remember(request: Any, response: HttpResponseBase, email: str) -> None:
    """Set the cookie, with the id that the device already has if it is known."""
    device = recognize(presented(request), email) or secrets.token_hex(8)
    response.set_cookie(
        _prefix() + salted_hmac(SALT, email, algorithm="sha256").hexdigest()[:8],
        _signer(email).sign(device),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def remember_later(request: Any, user: Any) -> None:
    """Let `RememberDevice` set the cookie in the answer."""
    request.known_device_of = user.email


class RememberDevice:
    """Middleware that sets the cookie after a sign-in on any page, also of the back office, or a reset."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if email := getattr(request, "known_device_of", None):
            remember(request, response, email)
        return response


def _signer(email: str) -> TimestampSigner:
    return TimestampSigner(salt=f"{SALT}:{email}")


def _prefix() -> str:
    return "__Host-known_device_" if settings.SESSION_COOKIE_SECURE else "known_device_"
