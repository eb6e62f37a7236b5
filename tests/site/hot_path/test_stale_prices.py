"""Readers beside writers: a read that begins after an acknowledged price never shows an older one."""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import cycle, islice
from threading import Event
from time import sleep

import pytest

from catalog.models import Product
from catalog.services import update_product
from ecommerce.site.hot_path.application import HotPath
from tests.proof import Counted, size
from tests.site.hot_path.conftest import Django
from tests.support import factories
from tests.support.naive_caches import delete_entries
from tests.support.wsgi import send

READS = size("PRICE_READS", ci=160, soak=10_000)
MOST_READS_OF_CONTROL = 1_000  # a few dozen are enough
READERS, WRITERS = 4, 2
FILL_PAUSE_S = 0.03  # between a fill's reads and its store: most fills then run into a change
WRITE_PAUSE_S = 0.1  # so that there are hits between the changes
URLS = ("/api/v1/products", "/api/v1/products/shelf-1", "/products/shelf-1/", "/products/")
PRICE = re.compile(r"(?<![\d.])([1-9])(\d\d\.\d{1,2})(?![\d.])")


class Shelf:
    """Products that cost 100.00, 200.00 and so on. Each change of a price adds a cent."""

    def __init__(self) -> None:
        numbers = range(1, WRITERS + 1)
        self._products = [self._product(number) for number in numbers]
        self.acknowledged = dict.fromkeys(numbers, 0)  # cents, by product

    def _product(self, number: int) -> Product:
        return factories.product(slug=f"shelf-{number}", price=Decimal(100 * number), category="Shelf")

    def keep_changing(self, number: int, stop: Event) -> None:
        product, first = self._products[number - 1], Decimal(100 * number)
        while not stop.is_set():
            cents = self.acknowledged[number] + 1
            update_product(pk=product.pk, price=first + Decimal(cents) / 100)
            self.acknowledged[number] = cents
            sleep(WRITE_PAUSE_S)

    def is_stale(self, read: Callable[[], str]) -> bool:
        """Return whether a read shows an older price than had been acknowledged when it began."""
        acknowledged = dict(self.acknowledged)
        shown = list(prices_in(read()))
        assert shown, "no price"
        return any(cents < acknowledged[number] for number, cents in shown)


def prices_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield the number of a product and the cents that were added to its first price."""
    for number, rest in PRICE.findall(text):
        yield int(number), int(Decimal(rest) * 100)


@pytest.fixture
def shelf(db: None) -> Shelf:
    return Shelf()


@pytest.fixture
def slow(django: Django) -> HotPath:
    """The hot path, whose fills take a moment after they have read the database."""

    def answer_slowly(environ, start_response):
        response = django(environ, start_response)
        sleep(FILL_PAUSE_S)
        return response

    return HotPath(answer_slowly)


def read_beside_writers(shelf: Shelf, slow: HotPath, reads: int) -> tuple[int, int]:
    """Return how many reads there were and how many showed an old price. The first such read ends them."""
    stop = Event()
    with ThreadPoolExecutor(READERS + WRITERS) as threads:
        writers = [threads.submit(shelf.keep_changing, number, stop) for number in shelf.acknowledged]
        readers = [
            threads.submit(read_in_turn, shelf, slow, islice(cycle(URLS), at, at + reads // READERS), stop)
            for at in range(READERS)
        ]
        try:
            results = [result for reader in readers for result in reader.result()]
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    return len(results), sum(results)


def read_in_turn(shelf: Shelf, slow: HotPath, urls: Iterable[str], stop: Event) -> list[bool]:
    """Read the URLs, and return for each whether it was stale."""
    results = []
    for url in urls:
        if stop.is_set():
            break
        results.append(shelf.is_stale(lambda url=url: send(slow, url).text))
        if results[-1]:
            stop.set()
    return results


@pytest.mark.proof("no stale price")
def test_no_read_shows_an_older_price_than_was_acknowledged(shelf, slow, django, counted: Counted) -> None:
    reads, stale = read_beside_writers(shelf, slow, READS)
    changes, fills = sum(shelf.acknowledged.values()), len(django.requests)
    counted(
        f"{reads} reads, {READERS} readers, {WRITERS} writers",
        f"{changes} changes, {fills} fills, {stale} stale reads",
    )
    assert (reads, stale) == (READS, 0)
    assert min(shelf.acknowledged.values()) > 1
    assert fills < reads, "some were hits"


@pytest.mark.proof("no stale price")
@pytest.mark.control("deleting entries breaks it")
def test_control_entries_that_are_deleted_come_back_with_old_prices(
    shelf, slow, counted: Counted, monkeypatch
) -> None:
    monkeypatch.setattr("catalog.cache.cache.invalidate", delete_entries)
    reads, stale = read_beside_writers(shelf, slow, MOST_READS_OF_CONTROL)
    counted("entries are deleted", f"stale after {reads} reads")
    assert stale > 0
