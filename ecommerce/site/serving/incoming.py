"""The bytes of one request."""

import re
import tempfile
from typing import IO

IN_MEMORY = 65_536  # bytes of a temporary file
LONGEST_HEAD = 65_536
LARGEST_BODY = 10_000_000  # settings.PAGE_BODY_LIMIT
END_OF_HEAD = b"\r\n\r\n"
FRAMING = re.compile(rb"\r\n(?:content-length:[ \t]*([0-9]{1,18})[ \t]*\r|transfer-encoding:)", re.IGNORECASE)
EXPECTS_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)


def temporary_file() -> IO[bytes]:
    """Return a file that is in memory while it is short, and otherwise on disk, without a name."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY)


class IncomingRequest:
    """What has arrived of a request, until all that is worth waiting for has arrived.

    Heads that are too long are not waited for, nor bodies that no view reads: those over the limit, which are
    answered with 413, and those without a length. What a request says is up to gunicorn's parser.
    """

    __slots__ = ("_body", "_head", "expects_continue", "is_complete", "missing")

    def __init__(self) -> None:
        self.is_complete = False
        self.expects_continue = False  # the client sends no body before it has got `100 Continue`
        self.missing = 0  # bytes of the body, as far as known
        self._head = b""  # and what of the body arrived with its end
        self._body: IO[bytes] | None = None

    @property
    def has_begun(self) -> bool:
        return bool(self._head)

    def add(self, data: bytes) -> None:
        """Take what has arrived, which is not more than `missing` where that is known."""
        if self._body is not None:
            self._add_to_body(self._body, data)
            return
        searched = max(0, len(self._head) - len(END_OF_HEAD))
        self._head += data
        end = self._head.find(END_OF_HEAD, searched)
        if end >= 0:
            self._expect_body(end + len(END_OF_HEAD))
        else:
            self.is_complete = len(self._head) > LONGEST_HEAD

    def _expect_body(self, start: int) -> None:
        head = self._head[:start]
        self.missing = max(0, _body_length(head) - (len(self._head) - start))
        self.is_complete = not self.missing
        if self.missing:
            self._body = temporary_file()
            self.expects_continue = bool(EXPECTS_CONTINUE.search(head))

    def _add_to_body(self, body: IO[bytes], data: bytes) -> None:
        body.write(data)
        self.missing -= len(data)
        if not self.missing:
            body.seek(0)
            self.is_complete = True

    def unread(self) -> bytes:
        """Return what arrived together with the request and comes after it, once that has been read."""
        return self._head

    def read(self, size: int) -> bytes:
        """Return at most so many bytes, and none once all have been read."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._body.read(size) if self._body is not None else b""

    def close(self) -> None:
        if self._body is not None:
            self._body.close()


def _body_length(head: bytes) -> int:
    """Return the length of the body to wait for."""
    lengths = FRAMING.findall(head)
    if not lengths or b"" in lengths:
        return 0
    length = max(map(int, lengths))
    return length if length <= LARGEST_BODY else 0
