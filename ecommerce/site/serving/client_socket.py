"""A connection on which no thread ever waits for the client."""

import errno
import os
import socket
from typing import IO, Any

from ecommerce.site.serving.incoming import IncomingRequest, temporary_file

CHUNK = 65_536
MOST_DISCARDED = 65_536
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientSocket(socket.socket):
    """Keeps what has arrived of a request, and what the client does not take of an answer.

    For gunicorn it looks like a socket that is always quick.
    """

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        super().setblocking(False)
        self.request = IncomingRequest()
        self._unsent: IO[bytes] | None = None
        self._sent = self._discarded = 0

    def setblocking(self, flag: bool) -> None:
        """Do nothing: gunicorn would let threads wait."""

    def settimeout(self, value: float | None) -> None:
        """Do nothing: gunicorn would let threads wait."""

    def close(self) -> None:
        super().close()
        self.request.close()
        self._forget_answer()

    def expect_next_request(self) -> None:
        self.request.close()
        self.request = IncomingRequest()

    def receive(self) -> bool:
        """Take what has arrived, and return whether there is nothing left to wait for."""
        try:
            data = super().recv(min(self.request.missing or CHUNK, CHUNK))
        except BlockingIOError:
            return False
        except OSError:
            return True
        if not data:
            return True
        self.request.add(data)
        if self.request.expects_continue:
            self.request.expects_continue = False
            self.sendall(CONTINUE)
        return self.request.is_complete

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what has been received. Raises TimeoutError where another socket would wait for more."""
        if data := self.request.read(size):
            return data
        raise TimeoutError(errno.ECONNRESET, "Nothing more of this request was waited for.")

    def discard(self) -> bool:
        """Throw away what has arrived; return whether the client has gone, or sends too much."""
        try:
            data = super().recv(CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._discarded += len(data)
        return not data or self._discarded > MOST_DISCARDED

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send what the client takes, and keep the rest for `flush`."""
        if self._unsent is None:
            sent = self._send_some(data)
            if sent == len(data):
                return
            self._unsent, data = temporary_file(), data[sent:]
        self._unsent.write(data)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        file.seek(offset)
        left = length = os.fstat(file.fileno()).st_size - offset if count is None else count
        while left > 0 and (data := file.read(min(CHUNK, left))):
            self.sendall(data)
            left -= len(data)
        return length - left

    def flush(self) -> bool:
        """Send what the client takes now of a finished answer, and return whether that was the rest.

        Raises OSError if the client has gone.
        """
        while self._unsent is not None:
            self._unsent.seek(self._sent)
            if not (data := self._unsent.read(CHUNK)):
                self._forget_answer()
            elif sent := self._send_some(data):
                self._sent += sent
            else:
                return False
        return True

    def _forget_answer(self) -> None:
        if self._unsent is not None:
            self._unsent.close()
        self._unsent, self._sent = None, 0

    def _send_some(self, data: Any) -> int:
        try:
            return super().send(data)
        except BlockingIOError:
            return 0
