"""How many commands a request sends to MongoDB and to Redis, from the servers' own counters."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from redis import Redis


class Counters:
    """The counters of the servers that run for a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._mongo: MongoClient[Any] = MongoClient(address(data_dir, "mongodb"))
        self._redis = Redis.from_url(address(data_dir, "valkey"))

    def per_request(self, send: Callable[[], object], *, requests: int = 20) -> tuple[float, float]:
        """Return the commands a request, to MongoDB and to Redis; the worker's few are among them."""
        before = self._read()
        for _ in range(requests):
            send()
        after = self._read()
        mongo, redis = ((end - start) / requests for start, end in zip(before, after, strict=True))
        return mongo, redis

    def _read(self) -> tuple[int, int]:
        operations = self._mongo.admin.command("serverStatus")["opcounters"]
        return sum(operations.values()), int(self._redis.info("stats")["total_commands_processed"])


def address(data_dir: Path, service: str) -> str:
    return str(json.loads((data_dir / "run" / f"{service}.json").read_text())["uri"])
