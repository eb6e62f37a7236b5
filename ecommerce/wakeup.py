"""Tell a worker that there is something to deliver. Only a hint: if it is lost, the periodic run finds it."""

import logging
import threading
import time

from django.conf import settings

logger = logging.getLogger("shop.outbox")
DELIVER = "ecommerce.tasks.deliver_outbox"
TIMEOUT_S = 1
PAUSE_S = 10.0  # after Redis did not answer

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
            _send()
        except Exception as error:  # noqa: BLE001  # the periodic run delivers it
            logger.warning("No worker could be woken up (%s).", type(error).__name__)
            time.sleep(PAUSE_S)


def _send() -> None:
    from ecommerce.celery import app  # here, since a process that queues nothing needs no Celery

    timeouts = {"socket_connect_timeout": TIMEOUT_S, "socket_timeout": TIMEOUT_S}
    options = app.conf.broker_transport_options | timeouts
    with app.connection_for_write(transport_options=options) as redis:
        app.send_task(DELIVER, connection=redis, retry=False)
