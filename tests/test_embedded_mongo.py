"""The options and patches of `ecommerce.devserver.embedded.mongo`: that they work and are still needed.

Each `..._without_the_patch` is a strict xfail: it fails once a new SecantusDB makes it pass. Then the patch
that its reason names can go.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from ecommerce.devserver.embedded.service import MONGODB, Lease, Service

Client = MongoClient[dict[str, Any]]
UNPATCHED = replace(MONGODB, launcher="tests.support.unpatched_mongo")


@contextmanager
def running(service: Service, data_dir: Path) -> Iterator[tuple[Lease, Client]]:
    lease = Lease(service, data_dir, say=lambda line: None)
    try:
        lease.take()
        with Client(lease.uri) as client:
            yield lease, client
    finally:
        lease.release()


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(MONGODB, tmp_path_factory.mktemp("patched")) as (_, client):
        yield client


@pytest.fixture(scope="module")
def unpatched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(UNPATCHED, tmp_path_factory.mktemp("unpatched")) as (_, client):
        yield client


def project_nested(client: Client) -> list[dict[str, Any]]:
    users = client["shop"]["users"]
    users.replace_one({"_id": 1}, {"_id": 1, "group": {"name": "staff", "rank": 2}}, upsert=True)
    return users.aggregate([{"$project": {"group": {"name": 1}}}]).to_list()


def add_nested(client: Client) -> list[dict[str, Any]]:
    carts = client["shop"]["carts"]
    carts.replace_one({"_id": 1}, {"_id": 1, "owner": {"name": "Ada"}}, upsert=True)
    return carts.aggregate([{"$addFields": {"owner": {"copy": "$owner.name"}}}]).to_list()


PROJECTED = [{"_id": 1, "group": {"name": "staff"}}]
ADDED = [{"_id": 1, "owner": {"name": "Ada", "copy": "Ada"}}]


def test_nested_stages_work(patched: Client) -> None:
    assert project_nested(patched) == PROJECTED
    assert add_nested(patched) == ADDED


@pytest.mark.xfail(strict=True, reason="patch_nested_stages is needed for $project")
def test_nested_project_works_without_the_patch(unpatched: Client) -> None:
    assert project_nested(unpatched) == PROJECTED


@pytest.mark.xfail(strict=True, reason="patch_nested_stages is needed for $addFields")
def test_nested_add_fields_works_without_the_patch(unpatched: Client) -> None:
    assert add_nested(unpatched) == ADDED


def products(client: Client) -> Collection[dict[str, Any]]:
    collection = client["shop"]["products"]
    if not collection.estimated_document_count():
        collection.insert_many([{"_id": n, "slug": f"p{n}", "active": n % 2 == 0} for n in range(4000)])
        collection.create_index("slug")
    return collection


def scans(client: Client, query: dict[str, Any]) -> bool:
    products(client)
    command = {"aggregate": "products", "pipeline": [{"$match": query}], "cursor": {}}
    plan = client["shop"].command("explain", command)
    return "COLLSCAN" in str(plan)


def seconds_to_update(client: Client) -> float:
    collection, start = products(client), time.perf_counter()
    for n in range(0, 60, 2):
        changed = collection.update_one(
            {"$and": [{"slug": f"p{n}"}, {"active": True}]}, {"$inc": {"sold": 1}}
        )
        assert changed.modified_count == 1
    return time.perf_counter() - start


def tagged(client: Client) -> Collection[dict[str, Any]]:
    collection = client["shop"]["tagged"]
    if not collection.estimated_document_count():
        collection.insert_many([{"_id": n, "tags": [f"a{n}", f"c{n}"], "active": n > 1} for n in range(40)])
        collection.create_index([("tags", 1), ("active", 1)])
        collection.create_index([("active", 1), ("_id", 1)])
    return collection


IN_ARRAY = {"tags": {"$elemMatch": {"$gte": "a1", "$lt": "a10"}}}


def index_of_array(client: Client) -> str:
    query = {"$and": [{"active": True}, IN_ARRAY, {"tags": {"$elemMatch": {"$gte": "c"}}}]}
    assert tagged(client).count_documents(query) == tagged(client).count_documents(
        {**IN_ARRAY, "active": True}
    )
    return str(tagged(client).find(query).explain()["queryPlanner"]["winningPlan"])


def test_a_range_in_an_array_uses_an_index(patched: Client) -> None:
    assert "tags_1_active_1" in index_of_array(patched)


@pytest.mark.xfail(strict=True, reason="patch_index_choice is needed for $elemMatch")
def test_a_range_in_an_array_uses_an_index_without_the_patch(unpatched: Client) -> None:
    assert "tags_1_active_1" in index_of_array(unpatched)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (IN_ARRAY, [1]),
        ({"tags": {"$elemMatch": {"$gte": "a9", "$lt": "b"}}}, [9]),
        ({"tags": {"$elemMatch": {"$gte": "b", "$lt": "c"}}}, []),
        ({"$and": [{"tags": {"$elemMatch": {"$gte": "a2", "$lt": "a3"}}}, {"_id": {"$gt": 27}}]}, [28, 29]),
        ({"$or": [{"_id": 3}, IN_ARRAY]}, [1, 3]),
        ({"$and": [IN_ARRAY, {"active": True}]}, []),
        ({"tags": {"$not": {"$elemMatch": {"$gte": "c1"}}}}, [0]),
    ],
    ids=str,
)
def test_a_range_in_an_array_returns_the_documents_within_its_bounds(
    patched: Client, unpatched: Client, query: dict[str, Any], expected: list[int]
) -> None:
    for client in (patched, unpatched):
        assert sorted(each["_id"] for each in tagged(client).find(query)) == expected


BOTH = {"$and": [{"slug": "p2"}, {"active": True}]}


def test_and_uses_an_index(patched: Client, unpatched: Client) -> None:
    assert not scans(patched, BOTH)
    assert seconds_to_update(patched) < seconds_to_update(unpatched)


@pytest.mark.xfail(strict=True, reason="patch_index_choice is needed")
def test_and_uses_an_index_without_the_patch(unpatched: Client) -> None:
    assert not scans(unpatched, BOTH)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$and": [{"slug": "p2"}, {"active": True}]}, [2]),
        ({"$and": [{"slug": "p2"}, {"active": False}]}, []),
        ({"$and": [{"slug": "p2"}, {"slug": "p4"}]}, []),
        ({"$and": [{"slug": "p2"}, {"$or": [{"active": False}, {"_id": 2}]}]}, [2]),
        ({"$and": [{"slug": "p2"}, {"$expr": {"$eq": ["$_id", 3]}}]}, []),
        ({"$and": [{"$and": [{"slug": "p2"}]}, {"_id": {"$lt": 9}}], "active": True}, [2]),
        ({"$and": [{"_id": 2}, {"slug": "p4"}]}, []),
        (
            {
                "$and": [
                    {"slug": {"$gte": "p2"}},
                    {"$and": [{"slug": {"$lt": "p20"}}, {"slug": {"$ne": None}}]},
                ]
            },
            [2],
        ),
        ({"$and": [{"slug": {"$exists": True}}, {"slug": "p2"}, {"slug": {"$exists": True}}]}, [2]),
        ({"$and": [{"$or": [{"_id": 6}, {"slug": "p2"}]}, {"active": True}]}, [2, 6]),
        ({"$and": [{"slug": {"$in": ["p2", "p3"]}}, {"slug": {"$ne": "p2"}}]}, [3]),
    ],
)
def test_the_index_choice_does_not_change_results(
    patched: Client, unpatched: Client, query: dict[str, Any], expected: list[int]
) -> None:
    for client in (patched, unpatched):
        assert sorted(each["_id"] for each in products(client).find(query)) == expected


def priced(client: Client, bounds: dict[str, Any], direction: int = 1) -> list[int]:
    prices = client["shop"][f"prices {direction}"]
    if not prices.estimated_document_count():
        prices.create_index([("active", 1), ("price", direction), ("number", direction)])
        prices.insert_many([{"active": n != 4, "price": n // 2, "number": n} for n in range(8)])
    return sorted(row["number"] for row in prices.find({"active": True, "price": bounds}))


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"$lte": 1}, [0, 1, 2, 3]),
        ({"$lt": 1}, [0, 1]),
        ({"$gte": 2}, [5, 6, 7]),
        ({"$gt": 2}, [6, 7]),
        ({"$gte": 1, "$lte": 2}, [2, 3, 5]),
        ({"$gt": 1, "$lt": 3}, [5]),
        ({"$lte": -1}, []),
    ],
    ids=str,
)
def test_a_range_includes_its_bounds(patched: Client, bounds: dict[str, Any], expected: list[int]) -> None:
    assert priced(patched, bounds) == priced(patched, bounds, direction=-1) == expected


@pytest.mark.xfail(strict=True, reason="patch_range_ends is needed")
def test_a_range_includes_its_upper_bound_without_the_patch(unpatched: Client) -> None:
    assert priced(unpatched, {"$lte": 1}) == [0, 1, 2, 3]


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
