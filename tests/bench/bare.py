"""The yardstick: a WSGI application that answers 5 kB and does nothing else, for the shop's own gunicorn."""

from collections.abc import Callable, Iterable
from typing import Any

BODY = b"x" * 5_000
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", HEADERS)
    return [BODY]
