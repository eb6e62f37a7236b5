"""Embedded servers, with and without our patches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from ecommerce.devserver.embedded.service import MONGODB, Lease, Service

Client = MongoClient[dict[str, Any]]
UNPATCHED = replace(MONGODB, launcher="tests.support.unpatched_mongo")


@contextmanager
def running(service: Service, data_dir: Path) -> Iterator[tuple[Lease, Client]]:
    lease = Lease(service, data_dir, say=lambda line: None)
    try:
        lease.take()
        with Client(lease.uri) as client:
            yield lease, client
    finally:
        lease.release()
