"""/health/live and /health/ready; `ecommerce.site.middleware.Health` routes them."""

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
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """MongoDB and Redis: without MongoDB 503; Redis away is degraded and still 200."""
    mongodb, redis = _mongodb(), _redis()
    status = "unavailable" if mongodb != "ok" else "ok" if redis in ("ok", "disabled") else "degraded"
    return JsonResponse(
        {"status": status, "mongodb": mongodb, "redis": redis},
        status=503 if mongodb != "ok" else 200,
    )


def _mongodb() -> str:
    try:
        connection.ensure_connection()
        connection.database.command("ping")
    except PyMongoError as error:
        logger.warning("MongoDB did not answer (%s).", type(error).__name__)
        return "unavailable"
    return "ok"


def _redis() -> str:
    if not settings.REDIS_ENABLED:
        return "disabled"
    return "ok" if redis.ping() else "unavailable"
