"""Finished answers: how one is made by Django, stored, and sent."""

import hashlib
import io
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers

from ecommerce.core import logs
from ecommerce.core.web.http import SHARED_ANSWER
from ecommerce.site.hot_path.gzip_parts import Part
from ecommerce.site.hot_path.holes import Hole, marker_pattern

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Body = list[Part | Hole]
Wsgi = Callable[..., Iterable[bytes]]

SMALLEST_COMPRESSED = 200  # bytes, as for Django's GZipMiddleware
# What a request to Django keeps of a visitor's: it says which server was meant, and nothing of the visitor.
KEPT = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST", "wsgi.url_scheme", "wsgi.errors")


class NotShareable(Exception):
    """The answer has something that only one visitor may have."""


@dataclass(frozen=True)
class Answer:
    """A status, headers, and a body in parts and holes. `tag` changes with the body's text."""

    status: str
    headers: Headers
    tag: str
    body: Body

    @property
    def may_be_compressed(self) -> bool:
        return _may_be_compressed(self.body)

    def encode(self) -> bytes:
        """Return the answer as it is stored: a line of JSON, and then the compressed parts."""
        parts = [part for part in self.body if isinstance(part, Part)]
        outline = [
            [len(part.deflated), part.crc, part.length] if isinstance(part, Part) else list(part)
            for part in self.body
        ]
        head = json.dumps([self.status, self.headers, self.tag, outline], separators=(",", ":")).encode()
        return b"\n".join([head, b"".join(part.deflated for part in parts)])

    @classmethod
    def decode(cls, stored: bytes) -> "Answer":
        head, _, blob = stored.partition(b"\n")
        status, headers, tag, outline = _head(head)
        body: Body = []
        start = 0
        for entry in outline:
            if len(entry) == 2:
                body.append(Hole(*entry))
            else:
                end = start + entry[0]
                body.append(Part(blob[start:end], entry[1], entry[2]))
                start = end
        return cls(status, list(headers), tag, body)


@lru_cache(1024)
def _head(line: bytes) -> tuple[str, Headers, str, list[list[Any]]]:
    status, headers, tag, outline = json.loads(line)
    return status, [(name, value) for name, value in headers], tag, outline


def _may_be_compressed(body: Body) -> bool:
    return sum(part.length for part in body if isinstance(part, Part)) >= SMALLEST_COMPRESSED


def make(django: Wsgi, environ: Environ, path: str, query: str) -> Answer:
    """Let Django answer the path and the query for all visitors, not only for the one who sent the request.

    Raises NotShareable if the answer sets a cookie.
    """
    nonce = secrets.token_hex(8)
    status, headers, text = _run(django, _shared_request(environ, path, query, nonce))
    if any(name.lower() == "set-cookie" for name, _ in headers):
        raise NotShareable(f"The answer to {path} sets a cookie.")
    body = _split(text, nonce)
    tag = digest_of([text.replace(nonce.encode(), b"")])
    return Answer(status, _with_vary(headers, body), tag, body)


def _with_vary(headers: Headers, body: Body) -> Headers:
    """Return the headers with what else the sent answer depends on, and without the length, which differs."""
    response = HttpResponse(headers={name: value for name, value in headers if name != "Content-Length"})
    if _may_be_compressed(body):
        patch_vary_headers(response, ["Accept-Encoding"])
    if any(isinstance(part, Hole) for part in body):
        patch_vary_headers(response, ["Cookie"])
    return list(response.items())


def _shared_request(environ: Environ, path: str, query: str, nonce: str) -> Environ:
    """Return a request for the path that has no header and no address of the visitor's."""
    own = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),  # as WSGI has it
        "QUERY_STRING": query,
        "REMOTE_ADDR": "",
        "HTTP_X_REQUEST_ID": logs.request_id.get(),
        "wsgi.version": (1, 0),
        "wsgi.input": io.BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        SHARED_ANSWER: nonce,
    }
    return {name: environ[name] for name in KEPT if name in environ} | own


def _run(django: Wsgi, environ: Environ) -> tuple[str, Headers, bytes]:
    started: list[Any] = []
    response: Any = django(environ, lambda *status_and_headers: started.extend(status_and_headers))
    try:
        text = b"".join(response)
    finally:
        response.close()
    return started[0], started[1], text


def _split(text: bytes, nonce: str) -> Body:
    body: Body = []
    start = 0
    for match in marker_pattern(nonce).finditer(text):
        body += [Part.of(text[start : match.start()]), Hole(match[1].decode(), match[2].decode())]
        start = match.end()
    return [*body, Part.of(text[start:])]


def digest_of(texts: Iterable[bytes]) -> str:
    """Return a digest that differs for different texts, however they are divided."""
    digest = hashlib.blake2b(digest_size=12)
    for text in texts:
        digest.update(b"%d:" % len(text))
        digest.update(text)
    return digest.hexdigest()
