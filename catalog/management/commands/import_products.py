"""Import products from a CSV file."""

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from catalog.csv.importing import preview, write
from catalog.csv.planning import Done, ImportOptions, Result
from catalog.csv.reading import entries
from catalog.csv.table import Rejected, Table, UnusableFile, open_table
from ecommerce.core.db.migrating import refuse_unprepared
from ecommerce.core.progress import ProgressBar

ACTIONS = ("created", "updated", "unchanged", "rejected")


class Command(BaseCommand):
    help = (
        "Create or update products from a CSV file: our own columns, as export_products writes them, or "
        "a Shopify product export. Lines that cannot be imported are named; the others are imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="Print what would be done; change nothing."
        )
        parser.add_argument(
            "--set-stock",
            action="store_true",
            help="Set the stock of existing products, too; by default it stays as it is.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unprepared()
        try:
            with open_table(options["file"]) as table:
                run = DryRun(self.stdout, table) if options["dry_run"] else Run(self.stdout, table)
                run(set_stock=options["set_stock"])
        except UnusableFile as refusal:
            raise CommandError(refusal.message) from None


class Run:
    """One import: its counts and its messages."""

    task, prefix = staticmethod(write), ""

    def __init__(self, out: OutputWrapper, table: Table) -> None:
        self._out, self._table = out, table
        self._count: Counter[str] = Counter()
        self._bar = ProgressBar()

    def __call__(self, *, set_stock: bool) -> None:
        try:
            options = ImportOptions(set_stock=set_stock)
            self.task(entries(self._table), report=self._report, options=options)
        except (KeyboardInterrupt, SystemExit):
            self._print(f"Interrupted. These changes stay: {self._summary}")
            raise
        except (DatabaseError, PyMongoError) as error:
            self._print(f"These changes stay: {self._summary}")
            raise CommandError(f"The database failed: {error or type(error).__name__}") from error
        self._print(self.prefix + self._summary)

    def detail(self, done: Done) -> str:
        """Return a message about an imported product: none, since most are imported."""
        return ""

    def _report(self, result: Result) -> None:
        self._count["rejected" if isinstance(result, Rejected) else result.action] += 1
        message = result.reason if isinstance(result, Rejected) else self.detail(result)
        if message:
            self._print(f"line {result.line}: {message}")
        self._bar.draw(self._table.share_read)

    def _print(self, line: str) -> None:
        self._bar.clear()
        # A vendor's file must not steer the terminal.
        self._out.write("".join(letter if letter.isprintable() else "?" for letter in line))

    @property
    def _summary(self) -> str:
        return ", ".join(f"{self._count[action]} {action}" for action in ACTIONS) + "."


class DryRun(Run):
    task, prefix = staticmethod(preview), "A dry run: nothing was changed. "

    def detail(self, done: Done) -> str:
        if done.action == "unchanged":
            return ""
        return f"{done.slug} would be {done.action} {done.summary}".strip()
