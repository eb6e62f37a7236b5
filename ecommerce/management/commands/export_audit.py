"""Export of the audit log as CSV."""

from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ecommerce.core.audit import export
from ecommerce.core.models import AuditEntry
from ecommerce.core.text.csv_files import write_export


class Command(BaseCommand):
    help = "Write the audit log as CSV, the oldest entry first, to a file or to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv", help="- is standard output.")
        parser.add_argument("--since", metavar="YYYY-MM-DD", help="Only from this day on.")

    def handle(self, *args: Any, **options: Any) -> None:
        entries = AuditEntry.objects.order_by("at", "pk")
        if options["since"] is not None:
            entries = entries.filter(at__gte=_start_of_day(options["since"]))
        path = None if options["file"] == Path("-") else options["file"]
        written = write_export(partial(export.export, entries), path=path, stdout=self.stdout)
        if path is not None:
            self.stderr.write(f"{written} entries in {path}.", self.style.SUCCESS)


def _start_of_day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since {text} is not a day such as 2026-01-31.") from None
    return timezone.make_aware(datetime.combine(day, time.min))
