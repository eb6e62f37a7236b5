"""Fifty sales a second beside readers: entries are filled twice a second and show the last second."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import cycle
from types import SimpleNamespace

import pytest

from catalog import cache, stock
from catalog.models import Product
from catalog.services import update_product
from ecommerce.core.cache import entries
from tests.proof import Counted, size
from tests.support import factories

SECONDS = size("FLASH_SALE_SECONDS", ci=1, soak=5)
SALES_A_SECOND, FILLS_A_SECOND = 50, 2
SALES_OF_CONTROL = 20
READERS = 2  # at once, at each URL
STOCK = 1_000
API = ("/api/v1/products", "/api/v1/products/lamp")
PAGES = ("/", "/products/", "/products/lamp/", "/categories/light/")


class Clock:
    """The time by which entries age. It stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = float(round(time.time()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    stopped = SimpleNamespace(**vars(time) | {"time": lambda: clock.now})
    monkeypatch.setattr(entries, "time", stopped)
    return clock


@pytest.fixture
def fills(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], Counter[str]]]:
    """A function that returns how often each entry was filled, from the log of the cache."""

    def count() -> Counter[str]:
        lines = [record.getMessage().split() for record in caplog.records if record.name == "shop.cache"]
        return Counter(line[2] for line in lines if line[0] == "miss")

    with caplog.at_level("DEBUG", "shop.cache"):
        yield count


@pytest.fixture
def lamp(db: None) -> Product:
    factories.product(category="Light")
    return factories.product(name="Lamp", slug="lamp", category="Light", price="49.90", inventory=STOCK)


def sell(lamp: Product, clock: Clock, *, units: int) -> Iterator[int]:
    """Sell a unit in each fiftieth of a second, and yield the stock of a second ago."""
    for sold in range(1, units + 1):
        clock.now += 1 / SALES_A_SECOND
        stock.adjust(lamp.pk, change=-1)
        yield STOCK - max(0, sold - SALES_A_SECOND)


def read_all(get, urls: Sequence[str]) -> list[str]:
    """Return what several readers at once are shown at each URL."""
    with ThreadPoolExecutor(READERS) as threads:
        return list(threads.map(lambda url: get(url).text, [url for url in urls for _ in range(READERS)]))


def stock_in(text: str) -> int:
    """Return the lamp's stock in an answer of the API."""
    answer = json.loads(text)
    products = answer if isinstance(answer, list) else [answer]
    return next(product["inventory"] for product in products if product["slug"] == "lamp")


@pytest.mark.proof("a flash sale beside reads")
def test_each_entry_is_filled_twice_a_second_and_shows_the_stock_of_the_last_second(
    get, lamp, clock, fills, counted: Counted
) -> None:
    reads = too_old = 0
    pages = cycle(PAGES)  # at different times, so that a sale comes between those that share an entry
    for a_second_ago in sell(lamp, clock, units=SALES_A_SECOND * SECONDS):
        answers = read_all(get, API)
        too_old += sum(stock_in(answer) > a_second_ago for answer in answers)
        reads += len(answers) + len(read_all(get, [next(pages)]))
    key, most = fills().most_common(1)[0]
    counted(
        f"{SECONDS} s, {SALES_A_SECOND} sales a second, {reads} reads",
        f"{most} fills of one entry at most, {too_old} reads of older stock than a second",
    )
    assert too_old == 0
    assert SECONDS <= most <= FILLS_A_SECOND * SECONDS + 1, key


@pytest.mark.proof("a flash sale beside reads")
@pytest.mark.control("invalidating at each sale breaks it")
def test_control_each_sale_fills_every_entry_if_it_invalidates_them(
    get, lamp, clock, fills, counted: Counted, monkeypatch
) -> None:
    monkeypatch.setattr("catalog.cache.stock_changed", cache.products_changed)
    for _ in sell(lamp, clock, units=SALES_OF_CONTROL):
        read_all(get, API)
    counted(f"{SALES_OF_CONTROL} sales", f"{fills()['slug:lamp']} fills of one entry")
    assert fills()["slug:lamp"] == SALES_OF_CONTROL


def test_a_new_price_shows_at_once_between_sales(get, lamp, clock) -> None:
    for number, _ in enumerate(sell(lamp, clock, units=20)):
        read_all(get, API)
        if number % 10 == 5:
            update_product(pk=lamp.pk, price=Decimal(f"{number}.55"))
            assert all(f"{number}.55" in text for text in read_all(get, API + PAGES))


@pytest.mark.parametrize("age", [0, 0.4])
def test_what_a_page_takes_from_another_entry_is_no_fresher_than_that(get, lamp, clock, age) -> None:
    """Otherwise the page would show old stock until the next sale, which may be in a year."""
    get("/api/v1/products/lamp")
    clock.now += age
    stock.adjust(lamp.pk, change=3 - STOCK)
    get("/products/lamp/")  # reads the product's entry, which is recent enough
    clock.now += 1 - age
    assert "Only 3 left" in get("/products/lamp/").text
