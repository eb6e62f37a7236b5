"""The progress bar of import_products, which is for terminals only."""

import io
import re
import sys

import pytest

from catalog.csv import importing
from catalog.models import Product
from ecommerce.core import progress
from tests.catalog.csvfiles import Run, run

__all__ = ["run"]
pytestmark = pytest.mark.django_db
ROWS, BATCH = 100, 20
READ_AHEAD = 0.11  # a file is read in pieces of 8 kB, and one row ahead


class Terminal(io.StringIO):
    """Remembers each share that the bar shows, and the share of rows that were imported by then."""

    def __init__(self) -> None:
        super().__init__()
        self.shares: list[tuple[float, float]] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if shown := re.search(r"(\d+)%", text):
            self.shares.append((int(shown[1]) / 100, Product.objects.count() / ROWS))
        return super().write(text)


@pytest.fixture
def file(monkeypatch):
    monkeypatch.setattr(importing, "BATCH", BATCH)
    monkeypatch.setattr(progress, "EVERY_S", 0)
    return "name,slug,price,description" + "".join(f"\nCup,cup-{n},1,{'x' * 1000}" for n in range(ROWS))


def test_the_bar_shows_the_share_that_is_imported(run: Run, file, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run(file)
    assert len({imported for _, imported in terminal.shares}) == ROWS / BATCH
    for shown, imported in terminal.shares:
        assert 0 <= shown - imported < READ_AHEAD or shown == 1, terminal.shares
    assert terminal.shares[-1] == (1, 1)


def test_a_rejected_line_does_not_count_before_the_lines_in_front_of_it(run: Run, file, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    printed = run(file.replace("cup-18,1", "cup-18,x"))
    assert "99 created, 0 updated, 0 unchanged, 1 rejected." in printed
    assert min(imported for _, imported in terminal.shares) == (BATCH - 1) / ROWS


def test_a_log_has_no_bar(run: Run, file, monkeypatch):
    monkeypatch.setattr(sys, "stderr", log := io.StringIO())
    printed = run(file.replace("cup-18,1", "cup-18,x"))
    assert log.getvalue() == ""
    assert printed.splitlines() == [
        "line 20: the price 'x' is not a number such as 12.50",
        "99 created, 0 updated, 0 unchanged, 1 rejected.",
    ]
