"""A bulkhead around password work, so that signing in never occupies all threads of a process.

A hash takes a quarter of a second, and a process computes one at a time. One thread may wait for it; every
further request is refused at once, and the other threads go on answering pages.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from ecommerce.core.errors import Busy

_lock = threading.Lock()
_inside = 0


@contextmanager
def password_work() -> Iterator[None]:
    """Check or hash a password in this block. Raises Busy if PASSWORD_THREADS threads do so already."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside
    with _lock:
        if _inside >= settings.PASSWORD_THREADS:
            raise Busy
        _inside += 1


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
