"""Requests to a WSGI application without a server and without Django's test client."""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

Application = Callable[..., Iterable[bytes]]


@dataclass(frozen=True)
class Reply:
    status: str
    headers: list[tuple[str, str]]
    body: bytes  # as it was sent

    @property
    def text(self) -> str:
        """The body as a browser reads it."""
        is_compressed = self.header("Content-Encoding") == "gzip" and self.body
        return (gzip.decompress(self.body) if is_compressed else self.body).decode()

    def header(self, name: str) -> str:
        return ", ".join(value for each, value in self.headers if each == name)


def send(application: Application, url: str, method: str = "GET", body: bytes = b"", **meta: Any) -> Reply:
    """Send a request. `meta` are entries of the WSGI environment, such as HTTP_COOKIE."""
    path, _, query = url.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        **({"CONTENT_LENGTH": str(len(body))} if body else {}),
        **meta,
    }
    started: list[Any] = []
    response = application(environ, lambda status, headers: started.extend((status, headers)))
    try:
        content = b"".join(response)
    finally:
        if close := getattr(response, "close", None):
            close()
    return Reply(started[0], started[1], content)
