"""The line that each request writes to the log, and the request's id.

Only the path is logged, because a query string may hold personal data.
"""

import logging
import re
import uuid

from django.http import HttpRequest

from ecommerce.core.web.http import client_ip

logger = logging.getLogger("shop.requests")
ACCEPTABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(request: HttpRequest) -> str:
    """Return the id that the client sent, if it is acceptable, and otherwise a new one."""
    client_id = request.META.get("HTTP_X_REQUEST_ID", "")
    return client_id if ACCEPTABLE_REQUEST_ID.fullmatch(client_id) else uuid.uuid4().hex


def log_request(request: HttpRequest, status: int, seconds: float) -> None:
    logger.info(
        "%s %s %d %.3fs client=%s agent=%r",
        request.method,
        ascii(request.path)[1:-1],
        status,
        seconds,
        client_ip(request),
        request.META.get("HTTP_USER_AGENT", "")[:200],
    )
