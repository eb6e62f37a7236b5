"""Two yardsticks for the shop's own gunicorn: a function that only answers, and the smallest possible hit."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import redis

BODY = b"x" * 5_000
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
SHOP_HEADERS = [*HEADERS, *((f"X-Header-Number-{number}", "of common length") for number in range(14))]
KEY = "bench:answer"
_thread = threading.local()
_log = logging.getLogger("bench")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 5 kB and do nothing else."""
    start_response("200 OK", HEADERS)
    return [BODY]


def smallest_hit(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 5 kB from Redis with as many headers as the shop sends and a log line, by the fewest steps."""
    body = _read_from_redis()
    _log.warning("%s %s 200", environ["REQUEST_METHOD"], environ["PATH_INFO"])
    start_response("200 OK", SHOP_HEADERS)
    return [body]


def _read_from_redis() -> bytes:
    if not hasattr(_thread, "connection"):
        pool = redis.ConnectionPool.from_url(os.environ["BENCH_REDIS"])
        _thread.connection = pool.connection_class(**pool.connection_kwargs)
    _thread.connection.send_command("MGET", "bench:1", "bench:2", "bench:3", KEY, "bench:5")
    return bytes(_thread.connection.read_response()[3])


logging.basicConfig(stream=sys.stderr)
