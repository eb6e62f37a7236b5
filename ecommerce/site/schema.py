"""The API's schema, `/openapi.json`: built at the first request, and then the same bytes for everyone."""

import hashlib
import threading
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

_building = threading.Lock()  # drf-spectacular's generator fails in two threads at once


def _etag(request: HttpRequest) -> str:
    return schema()[1]


@require_safe
@condition(etag_func=_etag)
def openapi(request: HttpRequest) -> HttpResponse:
    headers = {"Cache-Control": "no-cache"}  # a browser asks each time, and mostly gets a 304
    return HttpResponse(schema()[0], content_type="application/vnd.oai.openapi+json", headers=headers)


def schema() -> tuple[bytes, str]:
    """Return the schema and its ETag."""
    with _building:
        return _build()


@cache
def _build() -> tuple[bytes, str]:
    """Build the schema in English, whatever the language of the request that happens to be the first."""
    generator: Any = SchemaGenerator
    with translation.override("en"):
        document = generator().get_schema(request=None, public=True)
    text: bytes = OpenApiJsonRenderer().render(document)
    return text, f'"{hashlib.sha256(text).hexdigest()}"'
