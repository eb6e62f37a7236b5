"""Make the embedded MongoDB faster, without any change to what it answers.

tests/embedded_mongo/test_speed.py compares the answers.
"""

import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import bson
from bson import Decimal128
from secantus import commands, query, transactions
from secantus.transactions import Transaction, TransactionRegistry, TxnState
from wiredtiger import swig_wiredtiger

NUL = b"\0"
TEXTS = {"S": 1, "SS": 2, "SSS": 3, "u": 0, "SSu": 2, "SSSu": 3}  # formats of texts, then perhaps of bytes
LONG_IN, HASHED = 20, {str, int, bson.ObjectId}
pack_any, unpack_any = swig_wiredtiger.pack, swig_wiredtiger.unpack


def patch_speed() -> None:
    patch_in()
    patch_texts_in_arrays()
    patch_decimals()
    swig_wiredtiger.pack, swig_wiredtiger.unpack = pack, unpack
    TransactionRegistry._prune_retryable_locked = forget_old_replies
    TransactionRegistry._prune_locked = abort_idle
    patch_idle_time()


def patch_in() -> None:
    """Compare a value with a long $in at once, if all are texts, whole numbers or ids."""
    matches, state = query._op_matches, threading.local()

    def op_matches(values: list[Any], op: str, arg: Any, *others: Any, **options: Any) -> bool:
        if op != "$in" or type(arg) is not list or len(arg) < LONG_IN:
            return bool(matches(values, op, arg, *others, **options))
        if getattr(state, "arg", None) is not arg:
            state.arg, state.kinds, state.among = arg, {type(each) for each in arg}, set()
            if len(state.kinds) == 1 and state.kinds <= HASHED:
                state.among = set(arg)
        if state.among and all(type(value) in state.kinds for value in values) and others == (None,):
            return any(value in state.among for value in values)
        return bool(matches(values, op, arg, *others, **options))

    query._op_matches = op_matches


def patch_texts_in_arrays() -> None:
    """Compare the texts of an array with the bounds or the $in of a search at once."""
    matches = query._op_elem_match

    def elem_match(values: list[Any], condition: Any) -> bool:
        test = text_test(condition)
        if test is None:
            return bool(matches(values, condition))
        arrays = (value for value in values if isinstance(value, list))
        return any(type(text) is str and test(text) for array in arrays for text in array)

    query._op_elem_match = elem_match


def text_test(condition: Any) -> Callable[[str], bool] | None:
    """Return a test of one text for {"$gte": text, "$lt": text} and {"$in": texts}, or None for any other."""
    if not isinstance(condition, Mapping):
        return None
    match dict(condition):
        case {"$gte": str(first), "$lt": str(end), **others} if not others:
            return lambda text: first <= text < end
        case {"$in": list(texts), **others} if not others and all(type(text) is str for text in texts):
            return frozenset(texts).__contains__
    return None


def patch_decimals() -> None:
    """Remember the values of decimals, since each comparison converts both sides, which takes a while."""
    to_decimal = Decimal128.to_decimal
    known = lru_cache(65_536)(lambda bid: to_decimal(Decimal128.from_bid(bid)))
    Decimal128.to_decimal = lambda self: known(self.bid)  # type: ignore[method-assign]


def pack(packed_as: str, *values: Any) -> Any:
    """Pack texts and bytes at once; WiredTiger's Python code goes through the format letter by letter."""
    texts = TEXTS.get(packed_as)
    if texts is None or any(type(text) is not str or "\0" in text for text in values[:texts]):
        return pack_any(packed_as, *values)
    parts = [text.encode() for text in values[:texts]]
    if packed_as[-1] != "u":
        return NUL.join([*parts, b""])
    return NUL.join([*parts, values[-1]]) if type(values[-1]) is bytes else pack_any(packed_as, *values)


def unpack(packed_as: str, packed: bytes | None) -> Any:
    texts = TEXTS.get(packed_as)
    if texts is None or packed is None:
        return unpack_any(packed_as, packed)
    *parts, rest = packed.split(NUL, texts) if texts else (packed,)
    values: list[Any] = [part.decode() for part in parts]
    return [*values, rest] if packed_as[-1] == "u" else values


def patch_idle_time() -> None:
    """Count a transaction's idle time from the end of its last statement instead of the beginning.

    Otherwise a statement that takes as long as transactions may be idle ends its own transaction.
    """
    run = commands._run_txn_statement

    def run_statement(transaction: Transaction, *arguments: Any) -> Any:
        with transaction.mutex:
            try:
                return run(transaction, *arguments)
            finally:
                transaction.last_use = time.time()

    commands._run_txn_statement = run_statement


def abort_idle(self: TransactionRegistry) -> int:
    """Abort transactions that are idle for too long, and return how many.

    SecantusDB waits here for every running statement, and each statement of other transactions waits with it.
    """
    oldest, aborted = self._time() - self._lifetime, 0
    for transaction in self._txns.values():
        if is_idle(transaction, oldest) and transaction.mutex.acquire(blocking=False):
            try:
                if is_idle(transaction, oldest):
                    self._abort_locked(transaction)
                    aborted += 1
            finally:
                transaction.mutex.release()
    return aborted


def is_idle(transaction: Transaction, oldest: float) -> bool:
    return transaction.state is TxnState.IN_PROGRESS and transaction.last_use < oldest


def forget_old_replies(self: TransactionRegistry) -> None:
    """Forget the replies to writes that are too old to be retried, of which there may be 10,000.

    They are in the order of their time. SecantusDB looks at each of them at each write.
    """
    replies = self._retryable
    oldest = self._time() - transactions._RETRYABLE_RECORD_LIFETIME_SECONDS
    while replies:
        key = next(iter(replies))
        if replies[key][1] >= oldest and len(replies) <= transactions._RETRYABLE_RECORD_MAX:
            return
        del replies[key]
