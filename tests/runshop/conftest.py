from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runshop.shop import Shop, Start


@pytest.fixture(scope="session")
def used_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder shared by tests that need no first start, which is slow."""
    return tmp_path_factory.mktemp("used")


@pytest.fixture(scope="module")
def running_shop(used_data_dir: Path) -> Iterator[Shop]:
    """A running shop for tests that do not change or stop it.

    Its HOST is not an address: some shells export the name of the machine.
    """
    shop = Shop(used_data_dir, HOST="no-such-machine")
    try:
        shop.wait()
        yield shop
    finally:
        shop.clean_up()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start shops, wait until they are open, and end them after the test."""
    shops: list[Shop] = []

    def start_one(*arguments: object, **more: object) -> Shop:
        shops.append(Shop(*arguments, **more))  # type: ignore[arg-type]
        shops[-1].wait()
        return shops[-1]

    yield start_one
    for shop in shops:
        shop.clean_up()
