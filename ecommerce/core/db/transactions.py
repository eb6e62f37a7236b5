"""MongoDB beyond the ORM: the one transaction (`run_tx`) and the one raw access (`collection`).

Django's `atomic` and `select_for_update` do nothing on this backend, and the backend's own `atomic`
leaks its session when a commit fails; both are banned by lint.
"""

import random
import threading
import time
from collections.abc import Callable
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
connection = cast(DatabaseWrapper, _connection)  # the backend's, with its client and session

# Both deadlines stay below gunicorn's timeout of 30 s.
FUNCTION_DEADLINE_S = 6.0
COMMIT_DEADLINE_S = 12.0
BACKOFF_BASE_S, BACKOFF_CAP_S = 0.002, 0.1
MAX_TIME_MS_EXPIRED = 50
# Threads that met a conflict try again one at a time: all at once they only meet each other, and in a crowd
# some of them never get through.
_retrying = threading.Lock()


def run_tx(fn: Callable[[], T]) -> T:
    """Run `fn` in one transaction and return its result.

    `fn` may run several times: no HTTP, mail or cache inside. Inside another `run_tx` it joins; only
    the outermost retries and commits. Raises Busy when conflicts last beyond the deadline.
    """
    if connection.in_atomic_block_mongo:
        return fn()
    connection.ensure_connection()
    with ExitStack() as turn:
        result, hooks = _until_it_fits(fn, turn)
    for hook in hooks:
        hook()
    return result


def on_commit(hook: Callable[[], None]) -> None:
    """Run `hook` after a commit that is known, or at once outside a transaction."""
    connection.on_commit(hook)


def collection(model: type[models.Model]) -> "BoundCollection":
    """The model's collection, every command of it in the current transaction's session."""
    return BoundCollection(model._meta.db_table)


class BoundCollection:
    """A pymongo collection that always passes the session: a write without it survives an abort."""

    def __init__(self, name: str) -> None:
        connection.ensure_connection()
        self._collection = connection.get_collection(name)

    def __getattr__(self, command: str) -> Callable[..., Any]:
        method = getattr(self._collection, command)
        return lambda *args, **kwargs: method(*args, session=connection.session, **kwargs)


def object_id(text: object) -> ObjectId | None:
    """The ObjectId that this text spells, or None: a malformed id is one that nothing has."""
    return ObjectId(text) if isinstance(text, (str, ObjectId)) and ObjectId.is_valid(text) else None


def _until_it_fits(fn: Callable[[], T], turn: ExitStack) -> tuple[T, list[Callable[[], None]]]:
    """Try again after conflicts; from the first one on, `turn` holds the process's one place to do so."""
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
    """One try: the connection's transaction state is clear again whatever happens."""
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
        with suppress(PyMongoError):  # the server drops it by itself
            session.abort_transaction()


def _has_label(error: BaseException | None, label: str) -> bool:
    """The ORM wraps the driver's errors, so look along the whole chain."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, PyMongoError) and error.has_error_label(label):
            return True
        error = error.__cause__ or error.__context__
    return False
