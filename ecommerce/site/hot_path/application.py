"""The WSGI application in front of Django's."""

import logging
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from catalog import cache as catalog_cache
from ecommerce.core import cache, logs
from ecommerce.core.web.ratelimit import RateLimited
from ecommerce.site.hot_path import answers
from ecommerce.site.hot_path.answers import Answer, Environ, Headers, NotShareable, Wsgi
from ecommerce.site.hot_path.holes import Recipient
from ecommerce.site.hot_path.public_reads import PublicRead, allowance_of, misses_of, public_read
from ecommerce.site.hot_path.sending import send
from ecommerce.site.hot_path.static_files import StaticFiles
from ecommerce.site.request_log import log_request, request_id_of

logger = logging.getLogger("shop.requests")


class NeedsWholeRequest(Exception):
    """The answer depends on more of the request than a stored one may."""


# Django answers these: with 429, which counts the request once more beyond the limit, and with 503.
FOR_DJANGO = (RateLimited, NeedsWholeRequest, DatabaseError, PyMongoError)


class HotPath:
    """Answers public reads and sends static files, and passes every other request to Django."""

    def __init__(self, django: Wsgi) -> None:
        self.django = django
        self._static_files = StaticFiles()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        started = time.perf_counter()
        request = WSGIRequest(environ.copy())  # it changes the path, which Django would decode twice
        request_id = request_id_of(request)
        token = logs.request_id.set(request_id)
        try:
            answer = self._answer(request)
            if answer is not None:
                status, headers, body = answer
                seconds = time.perf_counter() - started
                log_request(request, int(status[:3]), seconds)
                headers += [("X-Request-ID", request_id), ("X-Process-Time", f"{seconds:.3f}s")]
                start_response(status, headers)
                return body
        except FOR_DJANGO:
            pass
        except NotShareable as error:
            logger.exception("A public read is not stored: %s", error)
        finally:
            logs.request_id.reset(token)
        # Log lines so far and those of Django have the same id.
        return self.django(environ | {"HTTP_X_REQUEST_ID": request_id}, start_response)

    def _answer(self, request: WSGIRequest) -> tuple[str, Headers, Iterable[bytes]] | None:
        """Return the status, the headers and the body, or None for a request that Django answers.

        Raises what FOR_DJANGO names, and NotShareable.
        """
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return None  # Django redirects it to HTTPS
        if file := self._static_files.find(request):
            return self._static_files.send(file, request)
        read = public_read(request)
        return self._answer_public_read(request, read) if read else None

    def _answer_public_read(self, request: WSGIRequest, read: PublicRead) -> tuple[str, Headers, list[bytes]]:
        recipient = Recipient(request, shows_viewed=read.shows_viewed)
        with cache.reading_ahead(recipient.entries() if read.is_page else []):
            status, headers, body = send(self._stored_or_made(request, read), recipient)
        return status, headers, [body]

    def _stored_or_made(self, request: WSGIRequest, read: PublicRead) -> Answer:
        def fill() -> bytes:
            answer = answers.make(self.django, request.environ, read.path, read.query)
            if answer.status != "200 OK":
                raise NotStored(answer)
            return answer.encode()

        try:
            with cache.counting_misses(catalog_cache.NAMESPACE, lambda: misses_of(request, read)):
                allowance = allowance_of(request, read)
                stored = catalog_cache.read(read.key, fill, is_rare=read.is_rare, allowance=allowance)
        except NotStored as error:
            if read.is_page and read.query != request.META.get("QUERY_STRING", ""):
                raise NeedsWholeRequest from None  # a redirect keeps the parameters that the page ignores
            return error.answer
        return Answer.decode(stored)


class NotStored(Exception):
    """The answer has another status than 200, and is only sent to the client that asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
