"""A CSV file as numbered rows. A line that cannot be read is rejected on its own, wherever it is."""

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

MAX_LINE = 1_000_000  # characters read at once if a file has no line ends
MAX_CELL = 131_072  # the csv module's own limit
MAX_AGAIN = 20_000_000  # characters of a file that are read again after quotation marks that are not closed


TOO_MANY = "; too many lines have such marks, so the {} lines after it are not read either"


class UnusableFile(DomainError):
    """The file as a whole cannot be imported."""


@dataclass(frozen=True)
class Rejected:
    """A line that is not imported, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Row:
    line: int  # its first line in the file, where the header is line 1
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Return the trimmed cell, or an empty text if the file has no such column."""
        return self.cells.get(column, "").strip()


class Table:
    """The header of a file and a stream of its rows. Raises UnusableFile without a readable header."""

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
        """The part of the file that has been read, from 0 to 1."""
        return self._file.buffer.tell() / self._size if self._size else 1.0

    def refuse_repeated(self, known: Collection[str]) -> None:
        """Raise UnusableFile if the header repeats one of these columns."""
        for name in known:
            if self._header.count(name) > 1:
                raise UnusableFile(f"The header names the column {name} more than once.")

    def rows(self) -> Iterator[Row | Rejected]:
        """Yield every row that is not empty."""
        while (cells := self._next()) is not None:
            if isinstance(cells, Rejected):
                yield cells
            elif any(map(str.strip, cells[len(self._header) :])):
                yield Rejected(self._lines.first, "has more cells than the header")
            elif any(map(str.strip, cells)):
                yield Row(self._lines.first, dict(zip(self._header, cells, strict=False)))

    def _next(self) -> list[str] | Rejected | None:
        self._lines.begin_row()
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            lost = self._lines.put_back_all_but_first()
            return Rejected(self._lines.first, _explain(error) + (TOO_MANY.format(lost) if lost else ""))
        fault = _fault(cells or [])
        return Rejected(self._lines.first, fault) if fault else cells


class _Lines:
    """The lines of a file. They can be put back, because good rows may follow an unclosed quotation mark."""

    def __init__(self, file: TextIO) -> None:
        self._more, self._again = iter(partial(file.readline, MAX_LINE), ""), deque[str]()
        self._row: list[str] = []
        self._to_read_again = MAX_AGAIN  # so that each line of a bad file does not lead to its end
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

    def put_back_all_but_first(self) -> int:
        """Return 0, or the number of lines that stay away since too much has been put back already."""
        self._to_read_again -= sum(map(len, self._row[1:]))
        if self._to_read_again < 0:
            return len(self._row) - 1
        self._again.extendleft(reversed(self._row[1:]))
        self._row = self._row[:1]
        return 0


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a file as a table. Raises UnusableFile with a message for staff."""
    try:
        file = path.open("rb")
        size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise UnusableFile(f"{path} cannot be read: {error.strerror}.") from None
    with table_of(file, size) as table:
        yield table


@contextmanager
def table_of(file: BinaryIO, size: int = 0) -> Iterator[Table]:
    """Read a binary file as a table. Raises UnusableFile."""
    # Bytes that are not UTF-8 become surrogates, so that only their line is rejected and not the whole file.
    with TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        yield Table(text, size)


def _fault(cells: list[str]) -> str:
    """Return why the text of these cells cannot be stored, or nothing."""
    if any(map(_has_surrogate, cells)):
        return "is not UTF-8 text (save the file as CSV UTF-8)"
    return "holds a NUL character" if any("\0" in cell for cell in cells) else ""


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _explain(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"has a cell of more than {MAX_CELL} characters; is a quotation mark not closed?"
    return "has a quotation mark that is not closed or stands in the middle of a cell"
