"""Writes of the embedded MongoDB: that our patches and options work and are still needed.

Each `..._without_the_patch` is a strict xfail: it fails once a new SecantusDB makes it pass. Then the patch
that its reason names can go.
"""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import OperationFailure

from ecommerce.devserver.embedded.service import MONGODB, Service
from tests.embedded_mongo.servers import UNPATCHED, Client, running


def writes_kept_after_kill(service: Service, data_dir: Path) -> int:
    """Return how many of 100 acknowledged writes are there after a kill and restart of the server."""
    with running(service, data_dir) as (lease, client):
        for n in range(100):
            client["shop"]["orders"].insert_one({"_id": n})
        os.kill(lease.pid, signal.SIGKILL)
    with running(service, data_dir) as (_, client):
        return client["shop"]["orders"].count_documents({})


def test_an_acknowledged_write_survives_a_killed_server(tmp_path: Path) -> None:
    assert writes_kept_after_kill(MONGODB, tmp_path) == 100


@pytest.mark.xfail(strict=True, reason="durable and sync_on_commit are needed")
def test_an_acknowledged_write_survives_a_killed_server_without_the_patch(tmp_path: Path) -> None:
    assert writes_kept_after_kill(UNPATCHED, tmp_path) == 100


TRANSACTION = """
import sys, time
from pymongo import MongoClient
client = MongoClient(sys.argv[1])
session = client.start_session()
session.start_transaction()
client.shop.stock.update_one({"_id": 1}, {"$inc": {"left": -1}}, session=session)
print("locked", flush=True)
time.sleep(60)
"""


def kill_client_in_transaction(client: Client) -> None:
    """Kill a client in its transaction, which leaves its lock behind."""
    client["shop"]["stock"].replace_one({"_id": 1}, {"_id": 1, "left": 5}, upsert=True)
    host, port = next(iter(client.nodes))
    command = [sys.executable, "-c", TRANSACTION, f"mongodb://{host}:{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        other.kill()


def can_update_within(client: Client, seconds: float) -> bool:
    """Return whether another transaction can change the document in time: it fails while the lock exists."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with client.start_session() as session, session.start_transaction():
                client["shop"]["stock"].update_one({"_id": 1}, {"$inc": {"left": -1}}, session=session)
            return True
        except OperationFailure:
            time.sleep(0.2)
    return False


@pytest.fixture(scope="module")
def locked(patched: Client, unpatched: Client) -> None:
    for client in (patched, unpatched):
        kill_client_in_transaction(client)


@pytest.mark.usefixtures("locked")
def test_a_killed_client_holds_its_locks_for_seconds_only(patched: Client) -> None:
    assert can_update_within(patched, 10)
    assert patched["shop"]["stock"].find_one() == {"_id": 1, "left": 4}


@pytest.mark.usefixtures("locked")
@pytest.mark.xfail(strict=True, reason="transaction_lifetime_seconds is needed")
def test_a_killed_client_holds_its_locks_for_seconds_only_without_the_patch(
    patched: Client, unpatched: Client
) -> None:
    assert can_update_within(patched, 10)  # wait as long as the patched server needs
    assert can_update_within(unpatched, 1)


def check_bulk_write_during_transactions(client: Client) -> None:
    """Run an update_many while a transaction holds its document and other transactions come and go."""
    orders = client["shop"]["orders"]
    orders.delete_many({})
    orders.insert_many([{"_id": 1, "tries": 0}, {"_id": 2, "tries": 0}])

    def update_many() -> int:
        with pymongo.timeout(3):
            return orders.update_many({"_id": 1}, {"$inc": {"tries": 1}}).modified_count

    with ThreadPoolExecutor() as threads, pymongo.timeout(3):
        with client.start_session() as holding, holding.start_transaction():
            orders.update_one({"_id": 1}, {"$inc": {"tries": 1}}, session=holding)
            waiting = threads.submit(update_many)
            for _ in range(50):
                with client.start_session() as other, other.start_transaction():
                    orders.update_one({"_id": 2}, {"$inc": {"tries": 1}}, session=other)
        assert waiting.result() == 1
    assert orders.find().to_list() == [{"_id": 1, "tries": 2}, {"_id": 2, "tries": 50}]


def test_a_bulk_write_does_not_block_transactions(patched: Client) -> None:
    check_bulk_write_during_transactions(patched)


@pytest.mark.xfail(strict=True, reason="patch_bulk_writes is needed: the server hangs")
def test_a_bulk_write_does_not_block_transactions_without_the_patch(
    tmp_path: Path,
) -> None:
    with running(UNPATCHED, tmp_path) as (lease, client):
        try:
            check_bulk_write_during_transactions(client)
        finally:
            os.kill(lease.pid, signal.SIGKILL)  # it hangs and does not end by itself
