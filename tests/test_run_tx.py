"""`run_tx`: whatever error the driver raises, the effect happens once or not at all."""

from collections.abc import Iterator
from time import sleep

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect, NotPrimaryError, OperationFailure, PyMongoError, WTimeoutError
from pymongo.synchronous.pool import Connection

from catalog.models import Counter, StockMovement
from catalog.stock import adjust
from ecommerce.core.db import collection, connection, on_commit, run_tx, transactions
from ecommerce.core.errors import Busy, DomainError
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db


def labelled(label, code=251):
    return OperationFailure("injected", code, {"code": code, "errorLabels": [label]})


def not_primary():
    """Return an error that is older than the driver's last news, so that it looks for no new primary."""
    (server,) = connection.connection.topology_description.server_descriptions().values()
    return NotPrimaryError("injected", {"code": 10107, "topologyVersion": server.topology_version})


class Faults:
    """Errors in place of the server's answers to the next commands with a name."""

    def __init__(self) -> None:
        self.planned = []
        self.occurred = []

    def plan(self, command, error, times=1, *, answered=False):
        """Raise the error at the next commands; if `answered`, only after the server has executed them."""
        self.planned += [(command, error, answered)] * times

    def next(self, command):
        for fault in self.planned:
            if fault[0] == command:
                self.planned.remove(fault)
                self.occurred.append(fault)
                return fault
        return None


@pytest.fixture
def faults(monkeypatch) -> Iterator[Faults]:
    injected = Faults()
    send = Connection.command

    def command(self, dbname, spec, *args, **kwargs):
        fault = injected.next(next(iter(spec)))
        if fault is None:
            return send(self, dbname, spec, *args, **kwargs)
        if fault[2]:
            send(self, dbname, spec, *args, **kwargs)
        error = fault[1]()
        raise error

    monkeypatch.setattr(Connection, "command", command)
    yield injected
    assert not injected.planned, "a planned fault did not occur"


def count_up(name="runs"):
    collection(Counter).update_one({"_id": name}, {"$inc": {"value": 1}}, upsert=True)
    return name


def value(name="runs"):
    found = collection(Counter).find_one({"_id": name})
    return found["value"] if found else 0


@pytest.fixture(autouse=True)
def _healthy_afterwards() -> Iterator[None]:
    """Check after each test that the thread's connection is usable."""
    yield
    assert connection.session is None
    assert not connection.in_atomic_block_mongo
    assert connection.run_on_commit == []
    before = value("afterwards")
    assert run_tx(lambda: count_up("afterwards")) == "afterwards"
    assert value("afterwards") == before + 1
    with pytest.raises(ZeroDivisionError):
        run_tx(lambda: (count_up("afterwards"), 1 / 0))
    assert value("afterwards") == before + 1


FAULTS = {
    "a conflict, twice": ("update", lambda: labelled("TransientTransactionError", 112), 2, False),
    "a write that did not arrive": ("update", lambda: AutoReconnect("closed"), 1, False),
    "a write whose answer was lost": ("update", lambda: AutoReconnect("closed"), 1, True),
    "not the primary": ("update", not_primary, 1, False),
    "an unknown commit, three times": (
        "commitTransaction",
        lambda: labelled("UnknownTransactionCommitResult"),
        3,
        True,
    ),
    "an unknown commit that did not arrive": (
        "commitTransaction",
        lambda: labelled("UnknownTransactionCommitResult"),
        3,
        False,
    ),
    "closed before the commit": ("commitTransaction", lambda: AutoReconnect("closed"), 3, False),
    "closed after the commit": ("commitTransaction", lambda: AutoReconnect("closed"), 3, True),
    "not the primary at the commit": ("commitTransaction", not_primary, 3, False),
    "no majority in time": ("commitTransaction", lambda: WTimeoutError("x", 64, {"code": 64}), 2, True),
    "a conflict at the commit": (
        "commitTransaction",
        lambda: labelled("TransientTransactionError", 112),
        2,
        False,
    ),
}


@pytest.mark.parametrize(("command", "error", "times", "answered"), FAULTS.values(), ids=FAULTS.keys())
def test_the_effect_happens_exactly_once(faults, command, error, times, answered):
    calls = []

    def change():
        count_up()
        on_commit(lambda: calls.append(1))

    faults.plan(command, error, times, answered=answered)
    run_tx(change)
    assert value() == 1
    assert calls == [1]


@pytest.mark.parametrize("kind", ["a conflict, twice", "closed after the commit"])
def test_the_effect_happens_exactly_once_with_the_orm(faults, product, kind):
    """The ORM wraps the driver's errors."""
    command, error, times, answered = FAULTS[kind]
    faults.plan(command, error, times, answered=answered)
    run_tx(lambda: adjust(product.pk, change=-4))
    product.refresh_from_db()
    assert product.inventory == 6
    assert StockMovement.objects.filter(reason="adjustment").count() == 1


@pytest.mark.parametrize("answered", [False, True])
def test_a_commit_whose_outcome_stays_unknown_is_an_error_and_not_retried(faults, monkeypatch, answered):
    monkeypatch.setattr(transactions, "COMMIT_DEADLINE_S", 0)
    runs, calls = [], []

    def change():
        runs.append(count_up())
        on_commit(lambda: calls.append(1))

    faults.plan("commitTransaction", lambda: AutoReconnect("closed"), 2, answered=answered)
    with pytest.raises(PyMongoError):
        run_tx(change)
    assert len(runs) == 1
    assert calls == []
    assert value() == (1 if answered else 0)


def test_conflicts_beyond_the_deadline_raise_busy_and_change_nothing(monkeypatch):
    monkeypatch.setattr(transactions, "FUNCTION_DEADLINE_S", 0.05)
    runs = []

    def conflict():
        runs.append(count_up())
        raise labelled("TransientTransactionError", 112)

    with pytest.raises(Busy):
        run_tx(conflict)
    assert len(runs) > 1
    assert value() == 0


def test_threads_retry_one_at_a_time_after_a_conflict():
    trying, most = [], []

    def change(runs):
        runs.append(1)
        count_up(f"of {id(runs)}")
        if len(runs) == 1:
            raise labelled("TransientTransactionError", 112)
        trying.append(1)
        most.append(len(trying))
        sleep(0.02)
        trying.pop()

    def one():
        try:
            runs = []
            run_tx(lambda: change(runs))
            return len(runs)
        finally:
            connection.close()

    assert at_once(5, one) == [2] * 5
    assert max(most) == 1


@pytest.mark.parametrize("error", [DomainError, ValueError, KeyboardInterrupt])
def test_any_other_error_is_raised_at_once_after_a_rollback(error):
    runs, calls = [], []

    def refuse():
        runs.append(count_up())
        Counter.objects.create(name="by the ORM", value=1)
        on_commit(lambda: calls.append(1))
        raise error

    with pytest.raises(error):
        run_tx(refuse)
    assert (len(runs), value(), value("by the ORM"), calls) == (1, 0, 0, [])


def test_the_functions_result_is_returned():
    assert run_tx(lambda: (count_up(), 5)) == ("runs", 5)


class TestInside:
    def test_an_inner_transaction_joins_the_outer_one(self):
        def outer():
            count_up("outer")
            session = connection.session
            run_tx(lambda: count_up("inner"))
            assert connection.session is session
            assert value("inner") == 1
            raise DomainError

        with pytest.raises(DomainError):
            run_tx(outer)
        assert (value("outer"), value("inner")) == (0, 0)

    def test_a_conflict_in_an_inner_transaction_retries_the_outer_one(self, faults):
        faults.plan("update", lambda: labelled("TransientTransactionError", 112))
        runs = []

        def outer():
            runs.append("outer")
            run_tx(count_up)

        run_tx(outer)
        assert (runs, value()) == (["outer"] * 2, 1)

    def test_hooks_of_an_inner_transaction_wait_for_the_outer_commit(self):
        calls = []

        def outer():
            run_tx(lambda: on_commit(lambda: calls.append("inner")))
            on_commit(lambda: calls.append("outer"))
            assert calls == []

        run_tx(outer)
        assert calls == ["inner", "outer"]

    def test_uncommitted_changes_are_not_visible_outside(self):
        def change():
            count_up()
            outside = connection.connection[connection.settings_dict["NAME"]]["counters"]
            assert outside.find_one({"_id": "runs"}) is None

        run_tx(change)
        assert value() == 1


class TestHooks:
    def test_hooks_run_once_after_the_commit(self):
        seen = []

        def change():
            count_up()
            on_commit(lambda: seen.append((value(), connection.in_atomic_block_mongo)))

        run_tx(change)
        assert seen == [(1, False)]

    def test_hooks_outside_of_a_transaction_run_at_once(self):
        calls = []
        on_commit(lambda: calls.append(1))
        assert calls == [1]

    def test_a_hook_may_begin_a_transaction(self):
        run_tx(lambda: (count_up("first"), on_commit(lambda: run_tx(lambda: count_up("second")))))
        assert (value("first"), value("second")) == (1, 1)


def test_a_retried_insert_with_a_client_chosen_id_is_one_row(faults):
    """The driver's retry of an insert whose answer was lost must not create a second row."""
    pk = ObjectId()
    faults.plan("insert", lambda: AutoReconnect("closed"), answered=False)
    collection(StockMovement).insert_one({"_id": pk, "key": "k", "quantity": 0})
    assert collection(StockMovement).count_documents({"_id": pk}) == 1
