"""An import in two steps, for the admin: the effect of a file is previewed, then confirmed and imported.

A product that was changed in between is left alone and its line rejected. Confirming is idempotent.
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

from catalog.csv.importing import preview, write
from catalog.csv.planning import ImportOptions, Result
from catalog.csv.reading import entries
from catalog.csv.table import Rejected, UnusableFile, table_of
from catalog.models import ProductImport
from ecommerce.core import audit
from ecommerce.core.db import object_id, run_tx
from ecommerce.core.errors import DomainError

MAX_BYTES, MAX_LINES = 5_000_000, 10_000
KEPT = timedelta(days=1)
MAX_SUMMARY = 300  # characters about one line
ACTIONS = ("rejected", "updated", "created", "unchanged")
USE_THE_COMMAND = "Import it with manage.py import_products, which takes files of any size."
Status = ProductImport.Status


class ImportNotFound(DomainError):
    message, code, status_code = "There is no such import. They are kept for a day.", "import_not_found", 404


@dataclass(frozen=True)
class Line:
    """The outcome of a line of the file, or its preview; the digest identifies the exact changes."""

    number: int
    slug: str
    action: str
    summary: str
    digest: str = ""


@dataclass(frozen=True)
class LineReport:
    lines: list[Line]

    @property
    def counts(self) -> dict[str, int]:
        counter = Counter(line.action for line in self.lines)
        return {action: counter[action] for action in ACTIONS}

    @property
    def changes(self) -> int:
        return self.counts["created"] + self.counts["updated"]

    def with_action(self, action: str) -> list[Line]:
        return [line for line in self.lines if line.action == action]


def create_preview(content: bytes, *, name: str, set_stock: bool, by: Model) -> ProductImport:
    """Store the file with a preview of its import and return it; no product is changed.

    Raises UnusableFile.
    """
    if len(content) > MAX_BYTES:
        raise UnusableFile(f"The file is larger than {MAX_BYTES // 1_000_000} MB. {USE_THE_COMMAND}")
    ProductImport.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    collected = _LineCollector()
    with table_of(BytesIO(content)) as table:
        preview(entries(table), report=collected.add, options=ImportOptions(set_stock=set_stock))
    return ProductImport.objects.create(
        pk=ObjectId(),
        by=by.pk,
        name=name[-200:],
        content=zlib.compress(content),
        set_stock=set_stock,
        report=_compress(collected.lines),
    )


def get_import(*, import_id: str, by: Model) -> ProductImport:
    """Return the staff member's own import with this id. Raises ImportNotFound."""
    row = ProductImport.objects.filter(pk=object_id(import_id), by=by.pk).first()
    if row is None:
        raise ImportNotFound
    return row


def report_of(row: ProductImport) -> LineReport:
    """Return the outcome of each line, which is a preview before the import."""
    return LineReport([Line(*fields) for fields in json.loads(zlib.decompress(row.report))])


def confirm_import(*, import_id: str, by: Model) -> ProductImport:
    """Import what was previewed, once, and return the import. Raises ImportNotFound."""
    row = get_import(import_id=import_id, by=by)
    claimed = ProductImport.objects.filter(pk=row.pk, status=Status.SHOWN).update(status=Status.RUNNING)
    if claimed:
        _run(row, by)
    return get_import(import_id=import_id, by=by)


def _run(row: ProductImport, by: Model) -> None:
    previewed = {line.number: line.digest for line in report_of(row).lines}
    options = ImportOptions(set_stock=row.set_stock, by=by, previewed=previewed)
    collected, status = _LineCollector(), Status.STOPPED
    try:
        with table_of(BytesIO(zlib.decompress(row.content))) as table:
            write(entries(table), report=collected.add, options=options)
        status = Status.DONE
    finally:
        run_tx(lambda: _finish(row, status, collected.lines, by))


def _finish(row: ProductImport, status: str, lines: list[Line], by: Model) -> None:
    """Store the outcome in place of the file, and record the import in the audit log."""
    ProductImport.objects.filter(pk=row.pk).update(status=status, content=b"", report=_compress(lines))
    after = {"set_stock": row.set_stock, "status": status, **LineReport(lines).counts}
    audit.record(actor=by, action="product.import", obj=row, before={}, after=after)


class _LineCollector:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, result: Result) -> None:
        if len(self.lines) == MAX_LINES:
            raise UnusableFile(f"The file has more than {MAX_LINES:,} lines. {USE_THE_COMMAND}")
        self.lines.append(_line(result))


def _line(result: Result) -> Line:
    if isinstance(result, Rejected):
        return Line(result.line, "", "rejected", result.reason[:MAX_SUMMARY])
    return Line(result.line, result.slug, result.action, result.summary[:MAX_SUMMARY], result.digest)


def _compress(lines: Iterable[Line]) -> bytes:
    rows = [(line.number, line.slug, line.action, line.summary, line.digest) for line in lines]
    return zlib.compress(json.dumps(sorted(rows), ensure_ascii=False).encode())
