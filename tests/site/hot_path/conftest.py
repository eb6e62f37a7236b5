"""The application behind the hot path, Django's own, and a shop to show."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from catalog.models import Product
from ecommerce.site.hot_path.application import HotPath
from tests.support import factories
from tests.support.wsgi import Reply, send


class Django:
    """Django's own application, which counts its requests."""

    def __init__(self) -> None:
        self._handler = WSGIHandler()
        self.requests: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.requests.append(environ)
        return self._handler(environ, start_response)


@pytest.fixture
def django(db: None) -> Django:
    return Django()


@pytest.fixture
def hot(django: Django) -> HotPath:
    return HotPath(django)


@pytest.fixture
def get(hot: HotPath) -> Callable[..., Reply]:
    """A function that sends a request through the hot path, such as `get("/", HTTP_COOKIE="a=b")`."""
    return lambda url, **meta: send(hot, url, **meta)


@pytest.fixture
def lamp(db: None) -> Product:
    return factories.product(
        name="Lamp", slug="lamp", category="Light", price="49.90", description="Bright. " * 40
    )
