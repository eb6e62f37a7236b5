"""Static files, which WhiteNoise finds and describes, sent without Django's request cycle."""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

from ecommerce.site.hot_path.answers import Headers

METHODS = ("GET", "HEAD")


def _nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class StaticFiles:
    """The files of STATIC_ROOT, or with DEV_RELOAD those of every app, as they are now."""

    def __init__(self) -> None:
        self._whitenoise: Any = WhiteNoiseMiddleware(_nothing)

    def find(self, request: WSGIRequest) -> Any:
        """Return WhiteNoise's file at the request's path, or None."""
        whitenoise = self._whitenoise
        if request.method not in METHODS or not request.path_info.startswith(whitenoise.static_prefix):
            return None
        if whitenoise.autorefresh:
            return whitenoise.find_file(request.path_info)
        return whitenoise.files.get(request.path_info)

    def send(self, file: Any, request: WSGIRequest) -> tuple[str, Headers, Iterable[bytes]]:
        """Return the status, the headers and the body, also for a part of the file and for 304."""
        found = file.get_response(request.method, request.META)
        headers = [*found.headers, *_security_headers(is_secure=request.is_secure())]
        wrapper = request.environ.get("wsgi.file_wrapper", FileWrapper)
        return (
            f"{found.status.value} {found.status.phrase}",
            headers,
            wrapper(found.file) if found.file else [],
        )


@cache
def _security_headers(*, is_secure: bool) -> Headers:
    """Return the headers that Django's own middleware adds to every response."""
    scheme = "https" if is_secure else "http"
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "wsgi.url_scheme": scheme})
    response: Any = SecurityMiddleware(_nothing)(request)
    return [(name, value) for name, value in response.items() if name != "Content-Type"]
