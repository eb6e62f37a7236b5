from collections.abc import Iterator

import pytest

from tests.site.serving.server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One with the shop's worker."""
    server = Server()
    yield server
    assert "Traceback" not in server.stop()


@pytest.fixture(scope="session")
def usual_server() -> Iterator[Server]:
    """One with gunicorn's own worker."""
    server = Server("--worker-class=gthread")
    yield server
    server.kill()
