"""The rate limits of all routes: those that apps declare, and the site's own for every other route.

docs/rate-limits.md explains them.
"""

import re
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from pymongo.errors import PyMongoError

import accounts.limits
import catalog.cache
import catalog.limits
import payments.limits
from ecommerce.core import cache
from ecommerce.core.web import ratelimit
from ecommerce.core.web.api import rate_limited_body
from ecommerce.core.web.bearer import claimed_user
from ecommerce.core.web.http import client_ip, shared_answer
from ecommerce.core.web.languages import without_language
from ecommerce.core.web.ratelimit import SAFE_METHODS, Allowance, Limit, RateLimited
from ecommerce.core.web.service_keys import service_key

# The first limit that covers a request counts it, so the ones for every route come last.
LIMITS = (
    *catalog.limits.LIMITS,
    *payments.limits.LIMITS,
    *accounts.limits.LIMITS,
    Limit("writes", re.compile(r"/"), safe=False, setting="WRITE_RATE_LIMIT", by_user=True),
    Limit("reads", re.compile(r"/api/"), safe=True, setting="READ_RATE_LIMIT", by_user=True),
    Limit("pages", re.compile(r"/"), safe=True),
)


class RateLimits:
    """Answers 429 to requests beyond their limit, as JSON or as a page, before anything is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = limit_of(request)
        if limit.setting:
            try:
                ratelimit.count(_allowance(request, limit))
            except RateLimited as error:
                return _too_many_requests(request, error)
        if shared_answer(request) or not counts_misses(request):
            return self.get_response(request)
        with cache.counting_misses(catalog.cache.NAMESPACE, lambda: _misses(request)):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _too_many_requests(request, error) if isinstance(error, RateLimited) else None


def counts_misses(request: HttpRequest) -> bool:
    """Return whether the request counts if its answer is not in the cache."""
    path = without_language(request.path)
    return request.method in SAFE_METHODS and bool(catalog.limits.COUNTED_MISSES.match(path))


def limit_of(request: HttpRequest) -> Limit:
    """Return the limit that counts the request."""
    return next(limit for limit in LIMITS if limit.covers(request))


def _allowance(request: HttpRequest, limit: Limit) -> Allowance:
    user = _api_client(request) if limit.by_user else ""
    rate = getattr(settings, limit.setting)
    return ratelimit.allowance_of(limit.name, user=user, ip=client_ip(request), rate=rate)


def _misses(request: HttpRequest) -> Allowance:
    user = _api_client(request) if request.path.startswith("/api/") else ""
    return catalog.limits.misses(user, client_ip(request))


def _api_client(request: HttpRequest) -> str:
    """Return the id of the user or the service key that signs an API request, or an empty text."""
    try:
        key = service_key(request)
    except (DatabaseError, PyMongoError):
        return ""  # the view fails for the same reason, with the right answer
    return str(key.pk) if key else claimed_user(request)


def _too_many_requests(request: HttpRequest, error: RateLimited) -> HttpResponse:
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse(rate_limited_body(error), status=429)
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = str(error.retry_after)
    return response
