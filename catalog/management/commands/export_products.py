"""Export products to a CSV file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.csv.export import export
from ecommerce.core.text.csv_files import write_export


class Command(BaseCommand):
    help = "Write every product as the CSV that import_products reads, to a file or to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", metavar="FILE.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        written = write_export(export, path=path, stdout=self.stdout)
        if path is not None:
            self.stderr.write(f"{written} products in {path}.", self.style.SUCCESS)
