"""How many requests one caller may send: one table for every route, docs/rate-limits.md in words.

The product routes are counted by the catalog, in the round trip of their cache.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django_ratelimit.core import get_usage
from pymongo.errors import PyMongoError

from ecommerce.core.web.api import rate_limited_body
from ecommerce.core.web.bearer import claimed_user
from ecommerce.core.web.http import client_ip, network_of
from ecommerce.core.web.languages import without_language
from ecommerce.core.web.ratelimit import Rate, RateLimited
from ecommerce.core.web.service_keys import service_key

SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Limit:
    name: str
    routes: re.Pattern[str]
    safe: bool  # counts GET and the like, otherwise what changes something
    setting: str = ""  # none: not counted here
    by_user: bool = False  # a signed-in client of the API has its own, whatever its address

    def covers(self, request: HttpRequest) -> bool:
        return self.safe == (request.method in SAFE) and bool(
            self.routes.match(without_language(request.path))
        )


# The first that covers a request counts it.
LIMITS = (
    Limit("products", re.compile(r"/api/v1/products(/|$)"), safe=True),
    Limit("webhooks", re.compile(r"/api/v1/payments/webhooks/"), safe=False, setting="READ_RATE_LIMIT"),
    Limit(
        "auth",
        re.compile(
            r"/api/v1/auth/(signup|login|verify-email|password/|email/|me$)"
            r"|/account/(signup|login|verify-email|password|email|delete)/"
            r"|/admin/login/"
        ),
        safe=False,
        setting="AUTH_RATE_LIMIT",
    ),
    Limit("writes", re.compile(r"/"), safe=False, setting="WRITE_RATE_LIMIT", by_user=True),
    Limit("reads", re.compile(r"/api/"), safe=True, setting="READ_RATE_LIMIT", by_user=True),
    Limit("pages", re.compile(r"/"), safe=True),
)


def limit_of(request: HttpRequest) -> Limit:
    return next(limit for limit in LIMITS if limit.covers(request))


class RateLimits:
    """Refuses with 429, in the API's shape or as a page, before anything is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = limit_of(request)
        if limit.setting:
            try:
                _count(request, limit, getattr(settings, limit.setting))
            except RateLimited as refusal:
                return _refused(request, refusal)
        return self.get_response(request)


def _client(request: HttpRequest) -> str:
    """The user or the service key that signs a request of the API."""
    try:
        key = service_key(request)
    except (DatabaseError, PyMongoError):
        return ""  # the route will say so
    return str(key.pk) if key else claimed_user(request)


def _count(request: HttpRequest, limit: Limit, rate: Rate) -> None:
    caller = (_client(request) if limit.by_user else "") or network_of(client_ip(request))
    usage = get_usage(
        request=request,
        group=limit.name,
        key=lambda group, request: caller,
        rate=(rate.limit, rate.seconds),
        increment=True,
    )
    if usage and usage["should_limit"]:
        raise RateLimited(rate, usage["time_left"])


def _refused(request: HttpRequest, refusal: RateLimited) -> HttpResponse:
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse(rate_limited_body(refusal), status=429)
    else:
        response = render(request, "429.html", status=429)
    response["Retry-After"] = str(refusal.retry_after)
    return response
