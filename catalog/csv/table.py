"""A CSV file as numbered rows. A line that cannot be read is one rejected line, wherever it stands."""

import csv
import os
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from ecommerce.core.errors import DomainError

MAX_LINE = 1_000_000  # characters read at once of a file that has no line ends
MAX_CELL = 131_072  # the csv module's own limit


class UnusableFile(DomainError):
    """Nothing of the file can be imported."""


@dataclass(frozen=True)
class Rejected:
    """A line that stays out, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Row:
    line: int  # of the file, the header being 1; of a row of several lines the first
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """The trimmed cell; a column that the file does not have is empty."""
        return self.cells.get(column, "").strip()


class Table:
    """The header, and the rows as they stream by. Raises UnusableFile without a readable header."""

    def __init__(self, file: TextIO, size: int = 0) -> None:
        self._file, self._size = file, size
        self._lines = _Lines(file)
        self._reader = csv.reader(self._lines, strict=True)
        header = self._next()
        if header is None:
            raise UnusableFile("The file is empty.")
        if isinstance(header, Rejected):
            raise UnusableFile(f"The header, line {header.line}, {header.reason}.")
        self._header = [name.strip() for name in header]
        self.columns = set(self._header)

    @property
    def share_read(self) -> float:
        """From 0 to 1, for a progress bar."""
        return self._file.buffer.tell() / self._size if self._size else 1.0

    def refuse_repeated(self, known: Collection[str]) -> None:
        for name in known:
            if self._header.count(name) > 1:
                raise UnusableFile(f"The header names the column {name} more than once.")

    def rows(self) -> Iterator[Row | Rejected]:
        while (found := self._next()) is not None:
            if isinstance(found, Rejected):
                yield found
            elif any(map(str.strip, found[len(self._header) :])):
                yield Rejected(self._lines.first, "has more cells than the header")
            elif any(map(str.strip, found)):
                yield Row(self._lines.first, dict(zip(self._header, found, strict=False)))

    def _next(self) -> list[str] | Rejected | None:
        self._lines.begin_row()
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            self._lines.keep_only_first()
            return Rejected(self._lines.first, _explained(error))
        return cells if cells is None or _clean(cells) else Rejected(self._lines.first, _dirt(cells))


class _Lines:
    """The file's lines, which can be taken back: behind a quote that is never closed stand good rows."""

    def __init__(self, file: TextIO) -> None:
        self._more, self._again = iter(partial(file.readline, MAX_LINE), ""), deque[str]()
        self._row: list[str] = []
        self.first = 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._more)
        self._row.append(line)
        return line

    def begin_row(self) -> None:
        self.first += len(self._row)
        self._row = []

    def keep_only_first(self) -> None:
        self._again.extendleft(reversed(self._row[1:]))
        self._row = self._row[:1]


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """The file as a table. Raises UnusableFile with a sentence for people."""
    try:
        file = path.open("rb")
        size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise UnusableFile(f"{path} cannot be read: {error.strerror}.") from None
    with table_of(file, size) as table:
        yield table


@contextmanager
def table_of(file: BinaryIO, size: int = 0) -> Iterator[Table]:
    # Bytes that are not UTF-8 come as surrogates, so that they cost their line and not the file.
    with TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        yield Table(text, size)


def _clean(cells: list[str]) -> bool:
    return not any("\0" in cell or (not cell.isascii() and _has_surrogate(cell)) for cell in cells)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _dirt(cells: list[str]) -> str:
    if any(map(_has_surrogate, cells)):
        return "is not UTF-8 text (save the file as CSV UTF-8)"
    return "holds a NUL character"


def _explained(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"has a cell of more than {MAX_CELL} characters; is a quotation mark not closed?"
    return "has a quotation mark that is not closed or stands in the middle of a cell"
