"""Workers and the database are killed at random moments while customers buy: the shop keeps its word.

A worker is one of gunicorn's, or the one for due tasks. `make soak` kills more of them; WORKER_KILLS and
DATABASE_KILLS set the numbers.
"""

import os
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database as Stored

from tests.faults.customer import AtStripe, Customer, Pay, confirm
from tests.faults.killable_shop import Database, KillableShop, Victim
from tests.payments.stripe_standin import Standin, serving
from tests.proof import SOAK, Counted, size, tally
from tests.races.shop import Shop

pytestmark = [pytest.mark.proof("killed workers and database"), pytest.mark.kills]
KILLS = size("WORKER_KILLS", ci=3, soak=100)
DATABASE_KILLS = size("DATABASE_KILLS", ci=1, soak=10)
VICTIMS: list[Victim] = (
    ["due"] * (KILLS // 3) + ["web"] * (KILLS - KILLS // 3) + ["database"] * DATABASE_KILLS
)
NAIVE_ROUNDS, NAIVE_KILLS = 10, 3
CUSTOMERS, STOCK = size("CUSTOMERS", ci=4, soak=6), 1_000_000
LONGEST_PEACE_S = 0.5
PASSES = 10  # of the due tasks, each of which may leave work for the next pass
PROMISED_S = 10  # until the shop serves again, on a machine with nothing else to do
SIMULATED, NAIVE = "tests.races.settings", "tests.races.naive.settings"
STRIPE = "tests.faults.settings"
FINAL = {"paid", "failed", "canceled"}


class Trial:
    """A shop where customers buy while its processes are killed."""

    def __init__(self, database: Database, folder: Path, settings: str, **variables: str) -> None:
        self._chance = chance()
        self._killable = KillableShop(database, settings, folder, **variables)
        self._client = MongoClient[dict[str, Any]](database.uri)
        self._stored: Stored[dict[str, Any]] = self._client[name_of(settings)]
        self._shop = Shop(self._killable.server.port, self._stored)
        self._shop.begin()
        self._customers = [self._customer() for _ in range(CUSTOMERS)]
        self._killed: list[Victim] = []
        self._seconds: list[float] = []

    def run(self, pay: Pay, victims: Sequence[Victim]) -> None:
        """Kill the victims in random order while the customers buy."""
        with buying(self._customers, pay):
            for victim in self._chance.sample(victims, len(victims)):
                sleep(self._chance.uniform(0, LONGEST_PEACE_S))
                self._seconds.append(self._killable.kill(victim, self._chance))
                self._killed.append(victim)

    def finish(self, counted: Counted, standin: Standin | None = None) -> None:
        """Let days pass, run the due tasks, and check that everything the shop said is true."""
        self._killable.kill_due_worker()  # so that it is not in the middle of anything below
        self._let_deadlines_pass()
        if standin:
            standin.answers.clear()  # by then Stripe has forgotten the idempotency keys
        self._run_due_tasks()
        statuses = self._statuses()
        slowest = max(self._seconds, default=0)
        back = f"; back within {slowest:.1f} s" if self._killed else ""
        counted(f"{tally(self._killed)} kills", tally(statuses.values()) + back)
        self._killable.check_data(*([str(standin.ledger)] if standin else []))
        self._check(statuses)
        assert slowest < PROMISED_S or not SOAK

    def kill_until_data_is_wrong(self, counted: Counted) -> None:
        """Kill web workers and check the data, again and again: naive code may be lucky once."""
        for _ in range(NAIVE_ROUNDS):
            self.run(confirm, ["web"] * NAIVE_KILLS)
            self.finish(counted)

    def close(self) -> None:
        self._client.close()
        self._killable.stop()

    def _check(self, statuses: dict[str, str]) -> None:
        assert [surprise for customer in self._customers for surprise in customer.surprises] == []
        assert {order for customer in self._customers for order in customer.orders} <= statuses.keys()
        paid = [order for customer in self._customers for order in customer.paid]
        assert paid
        assert {statuses[order] for order in paid} == {"paid"}
        assert set(statuses.values()) <= FINAL

    def _run_due_tasks(self) -> None:
        for _ in range(PASSES):
            self._killable.run_due_tasks()
            if not self._work_left():
                return

    def _work_left(self) -> bool:
        """Return whether the due tasks left anything: a busy machine may need several passes."""
        refunds = self._stored["refunds"].count_documents({"status": {"$in": ["due", "refunding"]}})
        payments = self._stored["payments"].count_documents({"status": "initiated"})
        return bool(refunds or payments or self._stored["orders"].count_documents({"status": "pending"}))

    def _statuses(self) -> dict[str, str]:
        return {str(order["_id"]): order["status"] for order in self._stored["orders"].find()}

    def _let_deadlines_pass(self) -> None:
        """End the time limits of purchases that were given up."""
        passed = datetime.now(UTC) - timedelta(days=3)
        self._stored["orders"].update_many({"status": "pending"}, {"$set": {"created_at": passed}})
        self._stored["payments"].update_many({"status": "initiated"}, {"$set": {"expires_at": passed}})

    def _customer(self) -> Customer:
        """Return a customer with a product of its own: a naive shop loses data by kills, not by races."""
        product = self._shop.product(inventory=STOCK)
        return Customer(self._shop.port, self._shop.customer(), product, self._chance.getrandbits(32))


@contextmanager
def buying(customers: Sequence[Customer], pay: Pay) -> Iterator[None]:
    """Have the customers buy during the block, and for a moment before and after it."""
    end = Event()
    with ThreadPoolExecutor(len(customers)) as threads:
        running = [threads.submit(customer.buy_until, end, pay) for customer in customers]
        try:
            sleep(LONGEST_PEACE_S)
            yield
            sleep(LONGEST_PEACE_S)
        finally:
            end.set()
    for each in running:
        each.result()


def name_of(settings: str) -> str:
    return str(import_module(settings).DATABASES["default"]["NAME"])


def chance() -> random.Random:
    """Return a generator whose seed is printed, so that a failure can be nearly reproduced."""
    seed = int(os.environ.get("WORKER_KILLS_SEED") or random.getrandbits(32))
    sys.stdout.write(f"WORKER_KILLS_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("killable"))
    yield database
    database.stop()


@pytest.mark.soak
def test_no_order_and_no_payment_is_lost(database: Database, tmp_path: Path, counted: Counted) -> None:
    with closing(Trial(database, tmp_path, SIMULATED)) as trial:
        trial.run(confirm, VICTIMS)
        trial.finish(counted)


@pytest.mark.proof("killed workers and database, with Stripe")
def test_no_cent_at_the_provider_is_lost(database: Database, tmp_path: Path, counted: Counted) -> None:
    standin = Standin(tmp_path / "ledger")
    with (
        serving(standin) as address,
        closing(Trial(database, tmp_path, STRIPE, STRIPE_API_BASE=address)) as trial,
    ):
        trial.run(AtStripe(standin), VICTIMS)
        trial.finish(counted, standin)


@pytest.mark.control("naive code keeps it until it is killed")
def test_naive_code_keeps_its_word_only_until_it_is_killed(
    database: Database, tmp_path: Path, counted: Counted
) -> None:
    with closing(Trial(database, tmp_path, NAIVE)) as trial:
        trial.run(confirm, [])
        trial.finish(counted)
        with pytest.raises(AssertionError, match="violations"):
            trial.kill_until_data_is_wrong(counted)
