"""Hints to the worker that a message is due. If one is lost, the periodic run delivers the message."""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings

logger = logging.getLogger("shop.outbox")
TIMEOUT_S = 1
PAUSE_S = 10.0  # after a failure


def _no_worker(timeouts: dict[str, float]) -> None:
    """Do nothing: without a worker to wake up, the periodic run delivers."""


# `ecommerce.apps` sets this to the function that reaches the worker; its argument is Redis's timeouts.
send_hint: Callable[[dict[str, float]], None] = _no_worker

_wanted = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


def wake_up() -> None:
    """Send a hint from another thread, without delaying the caller. Several hints may become one.

    Celery would delay a request by 6 s if Redis refuses connections, and for ever if it is silent.
    """
    global _thread
    if not settings.REDIS_ENABLED:
        return
    _wanted.set()
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_send_hints, name="outbox-wake-up", daemon=True)
            _thread.start()


def _send_hints() -> None:
    while _wanted.wait():
        _wanted.clear()
        try:
            send_hint({"socket_connect_timeout": TIMEOUT_S, "socket_timeout": TIMEOUT_S})
        except Exception as error:  # noqa: BLE001  # the periodic run delivers it
            logger.warning("No worker could be woken up (%s).", type(error).__name__)
            time.sleep(PAUSE_S)
