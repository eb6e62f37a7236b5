from collections.abc import Iterator

import pytest

from tests.site.serving.server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One with the shop's worker."""
    server = Server()
    yield server
    assert "Traceback" not in server.stop()
