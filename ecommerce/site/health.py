"""The views /health/live and /health/ready, which `ecommerce.site.middleware.Health` calls."""

import logging

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from pymongo.errors import PyMongoError

from ecommerce.core import redis
from ecommerce.core.db import connection

logger = logging.getLogger("shop.health")


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process runs. Checks nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 if MongoDB answers, and otherwise 503. Without Redis the shop is degraded, still a 200."""
    mongodb, redis_status = _mongodb_status(), _redis_status()
    if mongodb != "ok":
        status = "unavailable"
    elif redis_status == "unavailable":
        status = "degraded"
    else:
        status = "ok"
    facts = {"status": status, "mongodb": mongodb, "redis": redis_status}
    return JsonResponse(facts, status=200 if mongodb == "ok" else 503)


def _mongodb_status() -> str:
    try:
        connection.ensure_connection()
        connection.database.command("ping")
    except PyMongoError as error:
        logger.warning("MongoDB did not answer (%s).", type(error).__name__)
        return "unavailable"
    return "ok"


def _redis_status() -> str:
    if not settings.REDIS_ENABLED:
        return "disabled"
    return "ok" if redis.ping() else "unavailable"
