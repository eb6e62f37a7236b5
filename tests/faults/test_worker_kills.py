"""Workers and the database are killed at random moments while customers buy: what the shop said is true.

A worker is one of gunicorn's or the one for what is due. `make soak` kills more of them; WORKER_KILLS and
DATABASE_KILLS say how many.
"""

import os
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
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
from tests.faults.mortal import PROMISED, Database, MortalShop, Victim
from tests.payments.stripe_standin import Standin, serving
from tests.proof import Counted, size, tally
from tests.races.shop import Shop

pytestmark = pytest.mark.proof("killed workers and database")
KILLS = size("WORKER_KILLS", ci=6, soak=100)
DATABASE_KILLS = size("DATABASE_KILLS", ci=1, soak=10)
VICTIMS: list[Victim] = (
    ["due"] * (KILLS // 3) + ["web"] * (KILLS - KILLS // 3) + ["database"] * DATABASE_KILLS
)
CONTROL_KILLS = 8
CUSTOMERS, STOCK = 6, 1_000_000
LONGEST_PEACE_S = 0.5
SIMULATED, NAIVE = "tests.races.settings", "tests.races.naive.settings"
STRIPE = "tests.faults.settings"
FINAL = {"paid", "failed", "canceled"}


class Trial:
    """A shop that customers buy at while it is killed."""

    def __init__(self, database: Database, folder: Path, settings: str, **variables: str) -> None:
        self._chance = chance()
        self._mortal = MortalShop(database, settings, folder, **variables)
        self._client = MongoClient[dict[str, Any]](database.uri)
        self.stored: Stored[dict[str, Any]] = self._client[name_of(settings)]
        self._shop = Shop(self._mortal.server.port, self.stored)
        self._shop.begin()
        self.cast = [self._customer() for _ in range(CUSTOMERS)]

    def run(
        self, pay: Pay, victims: Sequence[Victim], counted: Counted, standin: Standin | None = None
    ) -> None:
        with buying(self.cast, pay):
            seconds = [self._kill(victim) for victim in self._chance.sample(victims, len(victims))]
        self._let_days_pass()
        if standin:
            standin.answers.clear()  # by then Stripe has forgotten the keys
        self._mortal.run_due_tasks()
        statuses = {str(order["_id"]): order["status"] for order in self.stored["orders"].find()}
        slowest = max(seconds, default=0)
        back = f"; back within {slowest:.1f} s" if victims else ""
        counted(f"{tally(victims)} kills", tally(statuses.values()) + back)
        self._mortal.check_books(*([str(standin.ledger)] if standin else []))
        self._check(statuses)
        assert slowest < PROMISED

    def _check(self, statuses: dict[str, str]) -> None:
        assert [surprise for customer in self.cast for surprise in customer.surprises] == []
        assert {order for customer in self.cast for order in customer.orders} <= statuses.keys()
        paid = [order for customer in self.cast for order in customer.paid]
        assert paid
        assert {statuses[order] for order in paid} == {"paid"}
        assert set(statuses.values()) <= FINAL

    def _kill(self, victim: Victim) -> float:
        sleep(self._chance.uniform(0, LONGEST_PEACE_S))
        return self._mortal.kill(victim, self._chance)

    def _let_days_pass(self) -> None:
        """For purchases that were given up: the deadlines of their orders and payments are over."""
        over = datetime.now(UTC) - timedelta(days=3)
        self.stored["orders"].update_many({"status": "pending"}, {"$set": {"created_at": over}})
        self.stored["payments"].update_many({"status": "initiated"}, {"$set": {"expires_at": over}})

    def _customer(self) -> Customer:
        """With a product of its own, so that what a naive shop loses is the kills' doing, and no race's."""
        product = self._shop.product(inventory=STOCK)
        return Customer(self._shop.port, self._shop.customer(), product, self._chance.getrandbits(32))

    def close(self) -> None:
        self._client.close()
        self._mortal.stop()


@contextmanager
def buying(cast: Sequence[Customer], pay: Pay) -> Iterator[None]:
    end = Event()
    with ThreadPoolExecutor(len(cast)) as threads:
        all_of_them = [threads.submit(customer.buy_until, end, pay) for customer in cast]
        try:
            sleep(1)
            yield
            sleep(1)
        finally:
            end.set()
    for each in all_of_them:
        each.result()


def name_of(settings: str) -> str:
    return str(import_module(settings).DATABASES["default"]["NAME"])


def chance() -> random.Random:
    """Printed, so that a failure can be had again, or nearly."""
    seed = int(os.environ.get("WORKER_KILLS_SEED") or random.getrandbits(32))
    sys.stdout.write(f"WORKER_KILLS_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(tmp_path_factory.mktemp("mortal"))
    yield database
    database.stop()


def test_no_order_and_no_payment_is_lost(database: Database, tmp_path: Path, counted: Counted) -> None:
    with closing(Trial(database, tmp_path, SIMULATED)) as trial:
        trial.run(confirm, VICTIMS, counted)


@pytest.mark.proof("killed workers and database, with Stripe")
def test_no_cent_at_the_provider_is_lost(database: Database, tmp_path: Path, counted: Counted) -> None:
    standin = Standin(tmp_path / "ledger")
    with (
        serving(standin) as address,
        closing(Trial(database, tmp_path, STRIPE, STRIPE_API_BASE=address)) as trial,
    ):
        trial.run(AtStripe(standin), VICTIMS, counted, standin)


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(CONTROL_KILLS, marks=pytest.mark.control("naive code breaks it")),
        pytest.param(0, marks=pytest.mark.control("naive code keeps it unkilled")),
    ],
)
def test_naive_code_keeps_it_only_while_nobody_kills_it(
    kills: int, database: Database, tmp_path: Path, counted: Counted
) -> None:
    expected = pytest.raises(AssertionError, match="violations") if kills else nullcontext()
    with closing(Trial(database, tmp_path, NAIVE)) as trial, expected:
        trial.run(confirm, ["web"] * kills, counted)
