"""CSV that a command or a page hands out, row by row."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError, OutputWrapper

Export = Callable[[TextIO], int]  # writes every row, answers how many
FORMULA = (*"=+-@＝＋－＠", "\t", "\r")  # East Asian widths, too


def lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Each row as a line of the file."""
    writer = csv.writer(_Echo())
    return (writer.writerow(row) for row in rows)


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; `plain` reads it back."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def plain(cell: str) -> str:
    """What `inert` made a cell of. One that begins like a formula without its apostrophe is itself."""
    return cell[1:] if cell.startswith("'") and inert(cell) != cell else cell


def deliver(export: Export, path: Path | None, stdout: OutputWrapper) -> int:
    """Into the file, or where there is none to standard output; answers how many rows."""
    try:
        return _to_standard_output(export, stdout) if path is None else _into(path, export)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _to_standard_output(export: Export, stdout: OutputWrapper) -> int:
    # The import reads UTF-8, whatever the terminal speaks.
    out: Any = stdout._out
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8", newline="")
    written = export(out)
    out.flush()
    return written


def _into(path: Path, export: Export) -> int:
    """Under another name first: an export that fails leaves the earlier one alone."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        written = export(file)
    new.replace(path)
    return written


class _Echo:
    """A file for csv.writer whose write is the line itself."""

    def write(self, line: str) -> str:
        return line
