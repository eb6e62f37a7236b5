from collections.abc import Iterator

import pytest

from ecommerce.devserver.embedded.service import MONGODB
from tests.embedded_mongo.servers import UNPATCHED, Client, running


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(MONGODB, tmp_path_factory.mktemp("patched")) as (_, client):
        yield client


@pytest.fixture(scope="module")
def unpatched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(UNPATCHED, tmp_path_factory.mktemp("unpatched")) as (_, client):
        yield client
