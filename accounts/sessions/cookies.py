"""A browser's refresh token in a cookie, which no script reads and no other site makes it send."""

from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.sessions.services import Grant

NAME, PATH = "refresh_token", "/api/v1/auth"


def store(response: Response, grant: Grant) -> None:
    response.set_cookie(
        NAME,
        grant.refresh_token,
        expires=grant.expires_at,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def delete(response: Response) -> None:
    response.delete_cookie(NAME, path=PATH, samesite="Strict")


def read(request: Request) -> str | None:
    """The cookie's token, for our own origins: SameSite alone trusts all subdomains."""
    token = request.COOKIES.get(NAME)
    if token and not _is_ours(request.headers.get("Origin", ""), request):
        raise PermissionDenied("This origin may not use the cookie.")
    return token


def _is_ours(origin: str, request: Request) -> bool:
    own = {
        f"{request.scheme}://{request.get_host()}",
        "{0.scheme}://{0.netloc}".format(urlsplit(settings.PUBLIC_URL)),
    }
    return origin in own | set(settings.CORS_ALLOWED_ORIGINS)
