"""Products into a CSV file."""

import io
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.exporter import export


class Command(BaseCommand):
    help = "Write every product as the CSV that import_products reads, to a file or to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", metavar="FILE.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        try:
            if path is not None:
                self.stderr.write(f"{_into(path)} products in {path}.", self.style.SUCCESS)
            else:
                self._to_standard_output()
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None

    def _to_standard_output(self) -> None:
        # The import reads UTF-8, whatever the terminal speaks.
        out: Any = self.stdout._out
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(encoding="utf-8", newline="")
        export(out)
        out.flush()


def _into(path: Path) -> int:
    """Under another name first: an export that fails leaves the earlier one alone."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        written = export(file)
    new.replace(path)
    return written
