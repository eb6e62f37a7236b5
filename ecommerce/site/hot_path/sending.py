"""How a finished answer is sent to one recipient: its holes, encoding, ETag, cookies and CORS headers."""

import re
from functools import lru_cache

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ecommerce.site.hot_path.answers import Answer, Headers, digest_of
from ecommerce.site.hot_path.gzip_parts import Part, gzipped
from ecommerce.site.hot_path.holes import Hole, Recipient

ACCEPTS_GZIP = re.compile(r"\bgzip\b")
NOT_IN_304 = {"Content-Type", "Content-Language"}
CORS_ROUTES = re.compile(settings.CORS_URLS_REGEX)
_cors = CorsMiddleware(lambda request: HttpResponse())


def send(answer: Answer, recipient: Recipient) -> tuple[str, Headers, bytes]:
    """Return the status, the headers and the body."""
    meta = recipient.request.META
    filled = {hole: recipient.fill(hole) for hole in answer.body if isinstance(hole, Hole)}
    parts = [filled[part] if isinstance(part, Hole) else part for part in answer.body]
    compressed = answer.may_be_compressed and bool(ACCEPTS_GZIP.search(meta.get("HTTP_ACCEPT_ENCODING", "")))
    headers = answer.headers + _own_headers(recipient)
    if answer.status == "200 OK":
        etag = _etag(answer, list(filled.values()), compressed=compressed)
        headers.append(("ETag", etag))
        if _matches(meta.get("HTTP_IF_NONE_MATCH", ""), etag):
            return "304 Not Modified", [header for header in headers if header[0] not in NOT_IN_304], b""
    body = gzipped(parts) if compressed else b"".join(part.text for part in parts)
    headers += [("Content-Encoding", "gzip")] * compressed
    headers.append(("Content-Length", str(len(body))))
    return answer.status, headers, body if recipient.request.method == "GET" else b""


def _own_headers(recipient: Recipient) -> Headers:
    """Return the headers for this recipient alone."""
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in recipient.cookies.values()]
    origin = recipient.request.META.get("HTTP_ORIGIN", "")
    if origin and CORS_ROUTES.match(recipient.request.path_info):
        return cookies + _cors_headers(origin)
    return cookies


@lru_cache(256)
def _cors_headers(origin: str) -> Headers:
    """Return what django-cors-headers adds for this origin, except `Vary`, which the stored answer has."""
    request, response = HttpRequest(), HttpResponse()
    request.META["HTTP_ORIGIN"], request.path_info, request.path = origin, "/api/", "/api/"
    added = _cors.add_response_headers(request, response).items()
    return [(name, value) for name, value in added if name.lower() not in ("vary", "content-type")]


def _etag(answer: Answer, filled: list[Part], *, compressed: bool) -> str:
    """Return a strong ETag. It differs for a compressed body, which consists of other bytes."""
    tag = digest_of([answer.tag.encode(), *(part.deflated for part in filled)]) if filled else answer.tag
    return f'"{tag}-gzip"' if compressed else f'"{tag}"'


def _matches(if_none_match: str, etag: str) -> bool:
    """Return whether the header names the tag, strong or weak, or any by an asterisk."""
    names = [name.strip().removeprefix("W/") for name in if_none_match.split(",")]
    return etag in names or "*" in names
