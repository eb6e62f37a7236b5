"""CSV files, written row by row."""

import csv
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError, OutputWrapper

Export = Callable[[TextIO], int]  # writes all rows to the file and returns their number
FORMULA_STARTS = (*"=+-@＝＋－＠", "\t", "\r")  # also in East Asian widths
# Where spreadsheets of other languages begin a cell: they split at semicolons or tabs, and ignore quotes that
# do not enclose the whole cell, so that a line break in a text ends the row.
SPLIT = r"[;\t\r\n]"
FORMULA = r"(?=['\"]*[=+\-@＝＋－＠])"
INNER_FORMULA = re.compile(f"({SPLIT}){FORMULA}")
ESCAPED_INNER_FORMULA = re.compile(f"({SPLIT})'{FORMULA}")


def lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield each row as a line of the file."""
    writer = csv.writer(_Echo())
    return (writer.writerow(row) for row in rows)


def escape_formula(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unescape_formula` reads it back."""
    inert = INNER_FORMULA.sub(r"\1'", text)
    return f"'{inert}" if text.lstrip("'").startswith(FORMULA_STARTS) else inert


def escape_json(text: str) -> str:
    """Return JSON as a cell in which no spreadsheet finds a formula; it stays the same JSON."""
    return INNER_FORMULA.sub(lambda found: f"\\u{ord(found[1]):04x}", text)


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` made the cell of. Other cells are returned unchanged."""
    text = ESCAPED_INNER_FORMULA.sub(r"\1", cell)
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text


def write_export(export: Export, *, path: Path | None, stdout: OutputWrapper) -> int:
    """Write to the file, or without one to standard output; return the number of rows.

    Raises CommandError if the file cannot be written.
    """
    try:
        return _to_standard_output(export, stdout) if path is None else _to_file(export, path)
    except BrokenPipeError:  # the reader, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _to_standard_output(export: Export, stdout: OutputWrapper) -> int:
    # The import reads UTF-8, so the terminal's encoding does not matter.
    out: Any = stdout._out
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8", newline="")
    written = export(out)
    out.flush()
    return written


def _to_file(export: Export, path: Path) -> int:
    """Write under another name first, so that a failed export leaves the earlier file alone."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        written = export(file)
    new.replace(path)
    return written


class _Echo:
    """A file for csv.writer whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line
