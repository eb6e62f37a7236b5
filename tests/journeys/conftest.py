"""A shop served by real processes, and a real browser in front of it."""

import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from pymongo import MongoClient

from tests.journeys.scene import Scene, set_up
from tests.journeys.shopper import Shopper
from tests.races.server import Server, manage

SETTINGS = "tests.journeys.settings"
# As root there is no sandbox; the rest keeps the browser from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
NewPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = import_module(SETTINGS).DATABASES["default"]
    assert database["NAME"].startswith("test_"), database["NAME"]
    with MongoClient(database["HOST"]) as client:
        client.drop_database(database["NAME"])
        server = Server(SETTINGS, tmp_path_factory.mktemp("server"))
        yield f"http://localhost:{server.port}"
        server.stop()
        client.drop_database(database["NAME"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def launch(playwright: Playwright) -> Browser:
    """Launch the installed Chromium if there is one, and otherwise Playwright's own."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)


@pytest.fixture
def new_page(browser: Browser, address: str) -> Iterator[NewPage]:
    """A function that opens a page with its own cookies, such as `new_page(width=390, script=False)`."""
    contexts: list[BrowserContext] = []

    def open_page(width: int = 1280, *, script: bool = True, **more: Any) -> Page:
        viewport = {"width": width, "height": 900}
        context = browser.new_context(base_url=address, viewport=viewport, java_script_enabled=script, **more)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def new_shopper(new_page: NewPage) -> Callable[..., Shopper]:
    """A function that returns a shopper on a new page, who records errors in its console."""
    return lambda width=1280, *, script=True: Shopper(new_page(width, script=script))


@pytest.fixture(scope="session")
def scene(browser: Browser, address: str) -> Scene:
    return set_up(browser, address)


@pytest.fixture(scope="session", autouse=True)
def _every_invariant_holds(address: str) -> Iterator[None]:
    yield
    manage(SETTINGS, "fsck")
