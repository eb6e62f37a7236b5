"""Tell a worker that there is something to deliver. Only a hint: if it is lost, the periodic run finds it."""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings

logger = logging.getLogger("shop.outbox")
TIMEOUT_S = 1
PAUSE_S = 10.0  # after Redis did not answer


def _no_worker(timeouts: dict[str, float]) -> None:
    """Without a worker to wake up, the periodic run delivers."""


# `ecommerce.apps` puts the function here that reaches the worker; it gets Redis's timeouts in seconds.
send_hint: Callable[[dict[str, float]], None] = _no_worker

_wanted = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


def wake_up() -> None:
    """Costs the caller no time: a thread of its own talks to Redis, and sends several hints as one.

    Celery itself would hold up a request for 6 s where Redis refuses, and for ever where it is silent.
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
