"""A small WSGI application for gunicorn, and a worker that waits less long."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from ecommerce.site.serving.worker import WholeRequestWorker

LARGE = b"0123456789abcdef" * 300_000  # more than the buffers of a connection take


class Impatient(WholeRequestWorker):
    seconds_to_receive = seconds_to_send = seconds_to_close = 0.2


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the body's digest, with a large body, or, without reading anything, with 413."""
    path = environ["PATH_INFO"]
    if path == "/refused":
        body, status = b"too large", "413 Too Large"
    elif path == "/large":
        body, status = LARGE, "200 OK"
    else:
        body, status = hashlib.sha256(environ["wsgi.input"].read()).hexdigest().encode(), "200 OK"
    caller = environ.get("HTTP_X_FORWARDED_FOR", "")
    start_response(status, [("Content-Length", str(len(body))), ("X-Caller", caller)])
    return [body]
