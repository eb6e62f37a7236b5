"""The one transaction: whatever the driver meets, the effect happens once or not at all."""

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
    """One that the driver knows to be older than what it was told last, so it looks for no new primary."""
    (server,) = connection.connection.topology_description.server_descriptions().values()
    return NotPrimaryError("injected", {"code": 10107, "topologyVersion": server.topology_version})


class Faults:
    """Errors in place of the server's answers to the next commands of a name."""

    def __init__(self) -> None:
        self.planned = []
        self.met = []

    def plan(self, command, error, times=1, *, answered=False):
        """`answered`: the server did what it was told, and only its answer is lost."""
        self.planned += [(command, error, answered)] * times

    def next(self, command):
        for fault in self.planned:
            if fault[0] == command:
                self.planned.remove(fault)
                self.met.append(fault)
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
    assert not injected.planned, "a fault was never met"


def count_up(name="runs"):
    collection(Counter).update_one({"_id": name}, {"$inc": {"value": 1}}, upsert=True)
    return name


def value(name="runs"):
    found = collection(Counter).find_one({"_id": name})
    return found["value"] if found else 0


@pytest.fixture(autouse=True)
def _healthy_afterwards() -> Iterator[None]:
    """Whatever a test does, the thread's connection is fit for the next one."""
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
    told = []

    def change():
        count_up()
        on_commit(lambda: told.append(1))

    faults.plan(command, error, times, answered=answered)
    run_tx(change)
    assert value() == 1
    assert told == [1]


@pytest.mark.parametrize("kind", ["a conflict, twice", "closed after the commit"])
def test_it_holds_for_the_orm_too(faults, product, kind):
    """The ORM wraps the driver's errors."""
    command, error, times, answered = FAULTS[kind]
    faults.plan(command, error, times, answered=answered)
    run_tx(lambda: adjust(product.pk, change=-4))
    product.refresh_from_db()
    assert product.inventory == 6
    assert StockMovement.objects.filter(reason="adjustment").count() == 1


@pytest.mark.parametrize("answered", [False, True])
def test_a_commit_that_stays_unknown_is_an_error_and_never_a_second_try(faults, monkeypatch, answered):
    monkeypatch.setattr(transactions, "COMMIT_DEADLINE_S", 0)
    runs, told = [], []

    def change():
        runs.append(count_up())
        on_commit(lambda: told.append(1))

    faults.plan("commitTransaction", lambda: AutoReconnect("closed"), 2, answered=answered)
    with pytest.raises(PyMongoError):
        run_tx(change)
    assert len(runs) == 1
    assert told == []
    assert value() == (1 if answered else 0)


def test_conflicts_beyond_the_deadline_are_busy_and_change_nothing(monkeypatch):
    monkeypatch.setattr(transactions, "FUNCTION_DEADLINE_S", 0.05)
    runs = []

    def conflict():
        runs.append(count_up())
        raise labelled("TransientTransactionError", 112)

    with pytest.raises(Busy):
        run_tx(conflict)
    assert len(runs) > 1
    assert value() == 0


def test_who_met_a_conflict_tries_again_while_no_other_does():
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
def test_any_other_error_comes_through_at_once_and_undoes_everything(error):
    runs, told = [], []

    def refuse():
        runs.append(count_up())
        Counter.objects.create(name="by the ORM", value=1)
        on_commit(lambda: told.append(1))
        raise error

    with pytest.raises(error):
        run_tx(refuse)
    assert (len(runs), value(), value("by the ORM"), told) == (1, 0, 0, [])


def test_it_returns_what_the_function_returns():
    assert run_tx(lambda: (count_up(), 5)) == ("runs", 5)


class TestInside:
    def test_an_inner_one_joins_the_outer_one(self):
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

    def test_a_conflict_in_an_inner_one_runs_the_outer_one_again(self, faults):
        faults.plan("update", lambda: labelled("TransientTransactionError", 112))
        runs = []

        def outer():
            runs.append("outer")
            run_tx(count_up)

        run_tx(outer)
        assert (runs, value()) == (["outer"] * 2, 1)

    def test_hooks_of_the_inner_one_wait_for_the_outer_one(self):
        told = []

        def outer():
            run_tx(lambda: on_commit(lambda: told.append("inner")))
            on_commit(lambda: told.append("outer"))
            assert told == []

        run_tx(outer)
        assert told == ["inner", "outer"]

    def test_nobody_else_sees_what_is_not_committed(self):
        def change():
            count_up()
            outside = connection.connection[connection.settings_dict["NAME"]]["counters"]
            assert outside.find_one({"_id": "runs"}) is None

        run_tx(change)
        assert value() == 1


class TestHooks:
    def test_they_run_once_after_the_commit(self):
        seen = []

        def change():
            count_up()
            on_commit(lambda: seen.append((value(), connection.in_atomic_block_mongo)))

        run_tx(change)
        assert seen == [(1, False)]

    def test_outside_they_run_at_once(self):
        told = []
        on_commit(lambda: told.append(1))
        assert told == [1]

    def test_one_may_begin_a_transaction_of_its_own(self):
        run_tx(lambda: (count_up("first"), on_commit(lambda: run_tx(lambda: count_up("second")))))
        assert (value("first"), value("second")) == (1, 1)


def test_ids_are_chosen_by_the_client_so_that_a_retry_is_the_same_row(faults):
    """A lost answer to an insert outside a transaction: the driver's retry may not make a second row."""
    pk = ObjectId()
    faults.plan("insert", lambda: AutoReconnect("closed"), answered=False)
    collection(StockMovement).insert_one({"_id": pk, "key": "k", "quantity": 0})
    assert collection(StockMovement).count_documents({"_id": pk}) == 1
