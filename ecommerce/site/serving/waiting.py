"""Connections that wait for their client."""

import time
from collections.abc import Callable
from itertools import takewhile
from selectors import BaseSelector
from typing import Any


class Waiting:
    """Connections whose client has to do something within so many seconds, the longest waiting first."""

    def __init__(self, poller: BaseSelector, event: int, seconds: float) -> None:
        self._poller, self._event, self._seconds = poller, event, seconds
        self._deadlines: dict[Any, float] = {}

    def all(self) -> list[Any]:
        return list(self._deadlines)

    def oldest(self) -> tuple[float, Any] | None:
        """Return the connection that has waited the longest, behind the time since when."""
        for conn, deadline in self._deadlines.items():
            return deadline - self._seconds, conn
        return None

    def add(self, conn: Any, step: Callable[[Any], object]) -> None:
        """Call `step` each time the client has done something; adding again changes nothing."""
        if conn in self._deadlines:
            return

        def on_event(client: Any) -> None:
            if conn in self._deadlines:  # it may have been removed since the event
                step(conn)

        self._deadlines[conn] = time.monotonic() + self._seconds
        self._poller.register(conn.sock, self._event, on_event)

    def remove(self, conn: Any) -> None:
        if self._deadlines.pop(conn, None) is not None:
            self._poller.unregister(conn.sock)

    def late(self) -> list[Any]:
        """Return the connections whose time is over."""
        now = time.monotonic()
        return [conn for conn, _ in takewhile(lambda item: item[1] <= now, self._deadlines.items())]
