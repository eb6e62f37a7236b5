"""Middleware for every request: the request log, health, language, compression, body limits, outages."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.utils import translation

from ecommerce.core import logs
from ecommerce.core.errors import Busy, is_database_trouble
from ecommerce.core.web import languages
from ecommerce.core.web.http import caller_ip, client_ip, shared_answer
from ecommerce.site import health
from ecommerce.site.request_log import log_request, request_id_of

logger = logging.getLogger("shop.requests")
GetResponse = Callable[[HttpRequest], HttpResponse]
HEALTH_ROUTES = {"/health/live": health.live, "/health/ready": health.ready}


class RequestLog:
    """Logs each request with its answer, and adds X-Request-ID and X-Process-Time, also to errors.

    All log lines of a request carry its id, and entries of the audit log its caller's address.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if shared_answer(request):
            return self.get_response(request)  # the hot path logs the request for which this one is made
        started = time.perf_counter()
        request_id = request_id_of(request)
        tokens = logs.request_id.set(request_id), caller_ip.set(client_ip(request) or None)
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            response["X-Request-ID"] = request_id
            response["X-Process-Time"] = f"{seconds:.3f}s"
            log_request(request, response.status_code, seconds)
            return response
        finally:
            logs.request_id.reset(tokens[0])
            caller_ip.reset(tokens[1])


class Health:
    """Answers the health routes before the Host header is checked: probes use an IP address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = HEALTH_ROUTES.get(request.path)
        return view(request) if view else self.get_response(request)


class Language:
    """Activates the language of the address. The admin and the API use the default language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = languages.of_path(request.path)
        in_api = request.path.startswith("/api/")
        token = languages.caller_language.set(languages.accepted_by(request) if in_api else language)
        try:
            with translation.override(language):
                response = self.get_response(request)
        finally:
            languages.caller_language.reset(token)
        response.headers.setdefault("Content-Language", language)
        return response


class PageCompression(GZipMiddleware):
    """Compresses pages only: answers of the API are sent faster as they are, and pictures are compressed."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path.startswith(("/api/", settings.MEDIA_URL)):
            return response
        return super().process_response(request, response)


class BodyLimit:
    """Answers 413 to a body over the limit before it is read.

    The API answers 411 to a body of unknown length, which Django would take for an empty one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
                return _error(411, "Send the body with its Content-Length.", "length_required")
            if _content_length(request) > settings.API_BODY_LIMIT:
                return _error(413, "The body is larger than 1 MB.", "body_too_large")
        elif _content_length(request) > settings.PAGE_BODY_LIMIT:
            return HttpResponse(render_to_string("413.html"), status=413)
        return self.get_response(request)


class Unavailable:
    """Answers 503 with a page that needs no database, while the database is away or too busy."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not (isinstance(error, Busy) or is_database_trouble(error)):
            return None
        logger.warning("The database did not answer (%s).", type(error.__cause__ or error).__name__)
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "1"})


def _error(status: int, detail: str, code: str) -> HttpResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status)


def _content_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0
