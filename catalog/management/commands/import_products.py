"""Products from a CSV file."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from catalog.csv.entries import entries
from catalog.csv.table import Rejected, Table, UnusableFile, opened
from catalog.csv.write import Done, How, Result, preview, write
from ecommerce.core.db.migrating import refuse_unprepared

OUTCOMES = ("created", "updated", "unchanged", "rejected")
BAR_WIDTH, BAR_EVERY_S = 30, 0.1


class Command(BaseCommand):
    help = (
        "Create or update products from a CSV file: our own columns, as export_products writes them, or "
        "Shopify's product export. Lines that cannot be imported are named; the others go in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="Print what would be done; change nothing."
        )
        parser.add_argument(
            "--set-stock",
            action="store_true",
            help="Set the stock of products that are there already, too; by default it stays.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        try:
            with opened(options["file"]) as table:
                run = DryRun(self.stdout, table) if options["dry_run"] else Run(self.stdout, table)
                run(set_stock=options["set_stock"])
        except UnusableFile as refusal:
            raise CommandError(refusal.message) from None


class Run:
    """One import: what was counted so far, and how it is shown."""

    task, title = staticmethod(write), ""

    def __init__(self, out: OutputWrapper, table: Table) -> None:
        self._out, self._table = out, table
        self._count: Counter[str] = Counter()
        self._bar = Bar()

    def __call__(self, *, set_stock: bool) -> None:
        try:
            self.task(entries(self._table), self._report, How(set_stock=set_stock))
        except (KeyboardInterrupt, SystemExit):
            self._say(f"Interrupted. What went in stays in: {self._summary}")
            raise
        except (DatabaseError, PyMongoError) as error:
            self._say(f"What went in stays in: {self._summary}")
            raise CommandError(f"The database failed: {error or type(error).__name__}") from error
        self._say(self.title + self._summary)

    def detail(self, done: Done) -> str:
        """A line about a product that went in: none, for most of a catalogue does."""
        return ""

    def _report(self, result: Result) -> None:
        self._count["rejected" if isinstance(result, Rejected) else result.outcome] += 1
        said = result.reason if isinstance(result, Rejected) else self.detail(result)
        if said:
            self._say(f"line {result.line}: {said}")
        self._bar.draw(self._table.share_read)

    def _say(self, line: str) -> None:
        self._bar.clear()
        # A vendor's file must not steer the terminal.
        self._out.write("".join(letter if letter.isprintable() else "?" for letter in line))

    @property
    def _summary(self) -> str:
        return ", ".join(f"{self._count[outcome]} {outcome}" for outcome in OUTCOMES) + "."


class DryRun(Run):
    task, title = staticmethod(preview), "A dry run: nothing was changed. "

    def detail(self, done: Done) -> str:
        if done.outcome == "unchanged":
            return ""
        return f"{done.slug} would be {done.outcome} {done.said}".strip()


class Bar:
    """A progress bar on stderr, where that is a terminal."""

    def __init__(self) -> None:
        self._shown, self._next = sys.stderr.isatty(), 0.0

    def draw(self, share: float) -> None:
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + BAR_EVERY_S
            self._write(f"\r[{'#' * int(share * BAR_WIDTH):{BAR_WIDTH}}] {share:4.0%}")

    def clear(self) -> None:
        if self._shown:
            self._write("\r\033[K")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
