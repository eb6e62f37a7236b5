"""The cookie with the refresh token of a browser, out of reach of scripts and of other sites."""

from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.sessions.services import Grant
from ecommerce.core.web.http import cookie_name

NAME, PATH = "refresh_token", "/api/v1/auth"


def store(response: Response, grant: Grant) -> None:
    response.set_cookie(
        _name(),
        grant.refresh_token,
        expires=grant.expires_at,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def delete(response: Response) -> None:
    response.delete_cookie(_name(), path=PATH, samesite="Strict")


def read(request: Request) -> str | None:
    """Return the token in the cookie, or None.

    Raises PermissionDenied for a foreign origin, since SameSite alone trusts all subdomains.
    """
    token = request.COOKIES.get(_name())
    if token and not _is_allowed(request.headers.get("Origin", ""), request):
        raise PermissionDenied("This origin may not use the cookie.")
    return token


def _name() -> str:
    return cookie_name(NAME, "__Secure-")


def _is_allowed(origin: str, request: Request) -> bool:
    own = {
        f"{request.scheme}://{request.get_host()}",
        "{0.scheme}://{0.netloc}".format(urlsplit(settings.PUBLIC_URL)),
    }
    return origin in own | set(settings.CORS_ALLOWED_ORIGINS)
