"""An import in two steps, for the back office: what a file would do is shown; confirmed, just that is done.

A product that was changed meanwhile is left alone and its line rejected. Two confirmations import once.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from bson import ObjectId
from django.db.models import Model
from django.utils import timezone

from catalog.csv.entries import entries
from catalog.csv.table import Rejected, UnusableFile, table_of
from catalog.csv.write import How, Result, preview, write
from catalog.models import ProductImport
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.errors import DomainError

MAX_BYTES, MAX_LINES = 5_000_000, 10_000
KEPT = timedelta(days=1)
SAID = 300  # characters of what changes of one product
OUTCOMES = ("rejected", "updated", "created", "unchanged")
COMMAND = "Import it with manage.py import_products, which takes files of any size."
Status = ProductImport.Status


class ImportNotFound(DomainError):
    message, code, status_code = "There is no such import. They are kept for a day.", "import_not_found", 404


@dataclass(frozen=True)
class Line:
    """What became of a line of the file, or would. `digest` tells one change from another."""

    number: int
    slug: str
    outcome: str
    said: str
    digest: str = ""


@dataclass(frozen=True)
class Report:
    lines: list[Line]

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(line.outcome for line in self.lines)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    @property
    def would_change(self) -> int:
        return self.counts["created"] + self.counts["updated"]

    def of(self, outcome: str) -> list[Line]:
        return [line for line in self.lines if line.outcome == outcome]


def look(*, content: bytes, name: str, set_stock: bool, by: Model) -> ProductImport:
    """Keep the file with what it would do; nothing else is written. Raises UnusableFile."""
    if len(content) > MAX_BYTES:
        raise UnusableFile(f"The file is larger than {MAX_BYTES // 1_000_000} MB. {COMMAND}")
    ProductImport.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    with table_of(BytesIO(content)) as table:
        lines = _Lines()
        preview(entries(table), lines.add, How(set_stock=set_stock))
    return ProductImport.objects.create(
        pk=ObjectId(),
        by=by.pk,
        name=name[-200:],
        content=zlib.compress(content),
        set_stock=set_stock,
        report=_packed(lines.found),
    )


def find(*, import_id: str, by: Model) -> ProductImport:
    """Raises ImportNotFound, also for somebody else's."""
    found = ProductImport.objects.filter(pk=object_id(import_id), by=by.pk).first()
    if found is None:
        raise ImportNotFound
    return found


def report_of(row: ProductImport) -> Report:
    return Report([Line(*fields) for fields in json.loads(zlib.decompress(row.report))])


def confirm(*, import_id: str, by: Model) -> ProductImport:
    """Import what was shown. Repeated, or while it runs, it does nothing. Raises ImportNotFound."""
    row = find(import_id=import_id, by=by)
    mine = ProductImport.objects.filter(pk=row.pk, status=Status.SHOWN).update(status=Status.RUNNING)
    if mine:
        _run(row, by)
    return find(import_id=import_id, by=by)


def _run(row: ProductImport, by: Model) -> None:
    shown = {line.number: line.digest for line in report_of(row).lines}
    lines, ended = _Lines(), Status.STOPPED
    try:
        with table_of(BytesIO(zlib.decompress(row.content))) as table:
            write(entries(table), lines.add, How(set_stock=row.set_stock, by=by, shown=shown))
        ended = Status.DONE
    finally:
        run_tx(lambda: _end(row, ended, lines.found, by))


def _end(row: ProductImport, ended: str, lines: list[Line], by: Model) -> None:
    """The file is not needed any more; what became of it is."""
    ProductImport.objects.filter(pk=row.pk).update(status=ended, content=b"", report=_packed(lines))
    after = {"set_stock": row.set_stock, "status": ended, **Report(lines).counts}
    audit.record(actor=by, action="product.import", obj=row, before={}, after=after)


class _Lines:
    def __init__(self) -> None:
        self.found: list[Line] = []

    def add(self, result: Result) -> None:
        if len(self.found) == MAX_LINES:
            raise UnusableFile(f"The file has more than {MAX_LINES:,} lines. {COMMAND}")
        self.found.append(_line(result))


def _line(result: Result) -> Line:
    if isinstance(result, Rejected):
        return Line(result.line, "", "rejected", result.reason[:SAID])
    return Line(result.line, result.slug, result.outcome, result.said[:SAID], result.digest)


def _packed(lines: Iterable[Line]) -> bytes:
    rows = [(line.number, line.slug, line.outcome, line.said, line.digest) for line in lines]
    return zlib.compress(json.dumps(sorted(rows), ensure_ascii=False).encode())
