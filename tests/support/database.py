"""The tests' database: a log of the commands, emptying it, and returning to an earlier state."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import monitoring

from ecommerce.core.db import connection

# Migrations write these collections, and no test changes them.
WRITTEN_BY_MIGRATIONS = {
    *("django_migrations", "django_content_type"),
    *("auth_permission", "auth_group", "auth_group_permissions"),
}
WRITES = ("insert", "update", "delete", "findAndModify")


class CommandLog(monitoring.CommandListener):
    """Records the commands that this process sends to MongoDB, and the collections that it writes to.

    Processes that a test starts are not seen. They have a database of their own.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.queries: list[dict[str, Any]] = []  # the aggregations, and the conditions of changes as such
        self.written: set[str] = set()  # since the database was emptied
        self.changed: set[str] = set()  # since the last snapshot was made or restored
        self.writes: Counter[str] = Counter()  # per collection, since the process started

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        target = event.command[event.command_name]
        self.sent.append(f"{event.command_name} {target}")
        self.queries += [{"aggregate": target, "pipeline": each} for each in _pipelines(event.command)]
        if event.command_name in WRITES:
            self.written.add(target)
            self.changed.add(target)
            self.writes[target] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def _pipelines(command: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    if "aggregate" in command:
        yield list(command["pipeline"])
    if "query" in command:  # findAndModify
        yield [{"$match": command["query"]}]
    for change in (*command.get("updates", ()), *command.get("deletes", ())):
        yield [{"$match": change["q"]}]


log = CommandLog()
monitoring.register(log)  # before any client is created


@contextmanager
def collections_written() -> Iterator[set[str]]:
    """Yield a set that holds, after the block, the collections written inside the block."""
    before, written = set(log.written), set[str]()
    log.written.clear()
    try:
        yield written
    finally:
        written |= log.written
        log.written |= before


def empty_database(*_: Any, **__: Any) -> None:
    """Empty the collections that this process has written to.

    Django's own flush empties every collection, which takes 0.3 s per test on MongoDB.
    """
    _refuse_another_database()
    for name in log.written - WRITTEN_BY_MIGRATIONS:
        connection.database[name].delete_many({})
    log.written.clear()
    log.sent.clear()
    log.queries.clear()


class Snapshot:
    """The contents of the database at one moment, to which a test can return."""

    def __init__(self) -> None:
        names = log.written - WRITTEN_BY_MIGRATIONS
        self._rows = {name: list(connection.database[name].find()) for name in names}
        log.changed.clear()

    def restore(self) -> None:
        """Bring back the rows of every collection that was written since."""
        _refuse_another_database()
        for name in log.changed - WRITTEN_BY_MIGRATIONS:
            connection.database[name].delete_many({})
            if rows := self._rows.get(name):
                connection.database[name].insert_many(rows)
        log.changed.clear()


def _refuse_another_database() -> None:
    assert connection.database.name.startswith("test_"), connection.database.name
