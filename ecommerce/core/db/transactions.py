"""The only way to use a transaction (`run_tx`), and the only raw access to MongoDB (`collection`).

Django's `atomic` and `select_for_update` do nothing on this backend, and the backend's own `atomic`
leaks its session when a commit fails; both are banned by lint.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, TypeVar, cast

from bson import ObjectId
from django.db import connection as _connection
from django.db import models
from django_mongodb_backend.base import DatabaseWrapper
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from ecommerce.core.errors import Busy

T = TypeVar("T")
connection = cast(DatabaseWrapper, _connection)

# Both deadlines stay below gunicorn's timeout of 30 s.
FUNCTION_DEADLINE_S = 6.0
COMMIT_DEADLINE_S = 12.0
BACKOFF_BASE_S, BACKOFF_CAP_S = 0.002, 0.1
MAX_TIME_MS_EXPIRED = 50
# Threads retry one at a time after a conflict: all at once they would conflict with each other again, and in
# a crowd some of them would never succeed.
_retrying = threading.Lock()


def run_tx(fn: Callable[[], T]) -> T:
    """Run `fn` in one transaction and return its result.

    `fn` may run several times, so it must not send HTTP requests or mails, or write to the cache. Inside
    another `run_tx` it joins that transaction: only the outermost one retries and commits. Raises Busy
    when conflicts last beyond the deadline, and whatever `fn` raises, after a rollback.
    """
    if connection.in_atomic_block_mongo:
        return fn()
    connection.ensure_connection()
    with ExitStack() as turn:
        result, hooks = _run_with_retries(fn, turn)
    for hook in hooks:
        hook()
    return result


def on_commit(hook: Callable[[], None]) -> None:
    """Run `hook` after the commit has succeeded, or at once outside of a transaction."""
    connection.on_commit(hook)


def collection(model: type[models.Model]) -> "BoundCollection":
    """Return the model's collection; its commands join the current transaction."""
    return BoundCollection(model._meta.db_table)


def as_document(row: models.Model) -> dict[str, Any]:
    """Return the document that stores a row, for commands that the ORM does not have."""
    return as_columns(
        type(row), {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
    )


def as_columns(model: type[models.Model], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return these fields of the model as a document stores them."""
    columns = {field.name: field for field in model._meta.concrete_fields}
    return {
        str(columns[name].column): columns[name].get_db_prep_save(value, connection)
        for name, value in fields.items()
    }


class BoundCollection:
    """A pymongo collection that always passes the session: a write without it would survive a rollback."""

    def __init__(self, name: str) -> None:
        connection.ensure_connection()
        self._collection = connection.get_collection(name)

    def __getattr__(self, command: str) -> Callable[..., Any]:
        method = getattr(self._collection, command)
        return lambda *args, **kwargs: method(*args, session=connection.session, **kwargs)


def object_id(text: object) -> ObjectId | None:
    """Return the ObjectId that a text stands for, or None for any other text."""
    return ObjectId(text) if isinstance(text, (str, ObjectId)) and ObjectId.is_valid(text) else None


def _run_with_retries(fn: Callable[[], T], turn: ExitStack) -> tuple[T, list[Callable[[], None]]]:
    """Retry after conflicts, but not while another thread of this process does; `turn` keeps that lock."""
    started, tries = time.monotonic(), 0
    while True:
        tries += 1
        try:
            return _attempt(fn, started + COMMIT_DEADLINE_S)
        except Exception as error:
            if not _has_label(error, "TransientTransactionError"):
                raise
            if tries == 1 and _retrying.acquire(timeout=FUNCTION_DEADLINE_S):
                turn.callback(_retrying.release)
            if time.monotonic() - started > FUNCTION_DEADLINE_S:
                raise Busy from error
        _pause(min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(tries, 10)))


def _attempt(fn: Callable[[], T], commit_deadline: float) -> tuple[T, list[Callable[[], None]]]:
    """Run `fn` once and commit. Clears the connection's transaction state, whatever happens."""
    session = connection.connection.start_session(causal_consistency=True)
    try:
        session.start_transaction(
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", wtimeout=5000),
            read_preference=ReadPreference.PRIMARY,
        )
        connection.session, connection.in_atomic_block_mongo = session, True
        connection.nested_atomics, connection.run_on_commit = 0, []
        result = fn()
        _commit(session, commit_deadline)
        return result, [hook for _, hook, _ in connection.run_on_commit]
    except BaseException:
        _abort(session)
        raise
    finally:
        connection.session, connection.in_atomic_block_mongo = None, False
        connection.run_on_commit = []
        session.end_session()


def _commit(session: ClientSession, deadline: float) -> None:
    while True:
        try:
            return session.commit_transaction()
        except PyMongoError as error:
            unknown = error.has_error_label("UnknownTransactionCommitResult")
            expired = getattr(error, "code", None) == MAX_TIME_MS_EXPIRED
            if not unknown or expired or time.monotonic() > deadline:
                raise
        _pause(BACKOFF_CAP_S)


def _pause(longest: float) -> None:
    time.sleep(random.uniform(0, longest))  # noqa: S311  # jitter, not a secret


def _abort(session: ClientSession) -> None:
    if session.in_transaction:
        with suppress(PyMongoError):  # the server aborts it after a while
            session.abort_transaction()


def _has_label(error: BaseException | None, label: str) -> bool:
    """Return whether the error or one that caused it has the label: the ORM wraps the driver's errors."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, PyMongoError) and error.has_error_label(label):
            return True
        error = error.__cause__ or error.__context__
    return False
