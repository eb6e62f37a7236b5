"""gunicorn's threaded worker, whose threads never wait for clients."""

import socket
from concurrent.futures import Future
from operator import itemgetter
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from ecommerce.site.serving.client_socket import ClientSocket
from ecommerce.site.serving.waiting import Waiting

TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
INCOMPLETE = object()


class WholeRequestWorker(ThreadWorker):
    """Has a thread for a request once all of it has arrived, until its answer is written, if not sent.

    gunicorn's own waits in threads for requests and for answers to be sent, and in its main loop for clients
    to close: as many clients as it has threads, each with a byte a second, stop it. Here the main loop waits
    for all of them at once, with deadlines. When there are as many connections as it may have, the one that
    has waited the longest makes room. For HTTP/1 without TLS.
    """

    seconds_to_receive = 60  # a whole request
    seconds_to_send = 120  # what the client did not take at once
    seconds_to_close = 2  # on the client's side, too; closed at once, it might lose the end of the answer

    def run(self) -> None:
        self.receiving = Waiting(self.poller, EVENT_READ, self.seconds_to_receive)
        self.sending = Waiting(self.poller, EVENT_WRITE, self.seconds_to_send)
        self.closing = Waiting(self.poller, EVENT_READ, self.seconds_to_close)
        super().run()

    def accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # too many open files
            self._make_room()
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, ClientSocket(accepted), address, listener.getsockname())
        conn.data_ready = True  # otherwise the thread would wait for the first byte
        self.receiving.add(conn, self._receive)

    def handle(self, conn: TConn) -> Any:
        """Answer a request if all of it has arrived, as most have. Runs in a thread, and does not wait."""
        if conn.sock.request.is_complete or conn.sock.receive():
            return super().handle(conn)
        return INCOMPLETE

    def finish_request(self, conn: TConn, future: Future[Any]) -> None:
        """Go on in the main loop: receive the rest of a request, or send the rest of an answer."""
        try:
            result = future.result()
        except BaseException:  # noqa: BLE001  # also SystemExit, by which gunicorn ends threads
            result = False
        if result is INCOMPLETE:
            self.receiving.add(conn, self._receive)
        else:
            self._send(conn, future if result else None)

    def _receive(self, conn: TConn) -> None:
        try:
            is_complete = conn.sock.receive()
        except OSError:  # no room for a temporary file
            self._drop(conn)
            return
        if is_complete:
            self.receiving.remove(conn)
            self.enqueue_req(conn)

    def _send(self, conn: TConn, kept_by: Future[Any] | None) -> None:
        try:
            is_sent = conn.sock.flush()
        except OSError:
            self._drop(conn)
            return
        if not is_sent:
            self.sending.add(conn, lambda conn: self._send(conn, kept_by))
            return
        self.sending.remove(conn)
        self._keep(conn, kept_by) if kept_by else self._close(conn)

    def _keep(self, conn: TConn, future: Future[Any]) -> None:
        """Wait for the next request, of which some may have arrived with the last one."""
        arrived = conn.parser.unreader.take_buffered() + conn.sock.request.unread()
        conn.sock.expect_next_request()
        if not arrived:
            super().finish_request(conn, future)
            return
        conn.sock.request.add(arrived)
        self.enqueue_req(conn)

    def _close(self, conn: TConn) -> None:
        """Close this side, and wait for the client to close the other."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.closing.add(conn, self._discard)
        except OSError:
            self._drop(conn)

    def _discard(self, conn: TConn) -> None:
        if conn.sock.discard():
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close connections: of late clients, one if there are too many, and idle ones before the end."""
        for conn in self.receiving.late():
            self.receiving.remove(conn)
            conn.sock.sendall(TOO_LATE)
            self._close(conn)
        for conn in (*self.sending.late(), *self.closing.late()):
            self._drop(conn)
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        for conn in () if self.alive else self.receiving.all():
            if not conn.sock.request.has_begun:
                self._drop(conn)

    def _make_room(self) -> None:
        oldest = filter(None, (each.oldest() for each in (self.receiving, self.sending, self.closing)))
        if longest := min(oldest, key=itemgetter(0), default=None):
            self._drop(longest[1])

    def _drop(self, conn: TConn) -> None:
        for waiting in (self.receiving, self.sending, self.closing):
            waiting.remove(conn)
        self.nr_conns -= 1
        conn.close()
