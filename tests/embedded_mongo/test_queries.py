"""Queries of the embedded MongoDB: that our patches work and are still needed.

Each `..._without_the_patch` is a strict xfail: it fails once a new SecantusDB makes it pass. Then the patch
that its reason names can go.
"""

import time
from typing import Any

import pytest
from pymongo.collection import Collection

from tests.embedded_mongo.servers import Client


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


EITHER = {"$or": [{"slug": {"$in": ["p2", "p3"]}}, {"slug": "p3"}]}


def test_or_uses_an_index_if_each_alternative_does(patched: Client) -> None:
    assert not scans(patched, EITHER)
    assert scans(patched, {"$or": [{"slug": "p2"}, {"name": "p3"}]})


@pytest.mark.xfail(strict=True, reason="patch_index_choice is needed")
def test_or_uses_an_index_without_the_patch(unpatched: Client) -> None:
    assert not scans(unpatched, EITHER)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$and": [{"slug": "p2"}, {"active": True}]}, [2]),
        ({"$or": [{"slug": {"$in": ["p2", "p3"]}}, {"slug": "p3"}]}, [2, 3]),
        ({"$or": [{"slug": "p2"}, {"_id": 6}]}, [2, 6]),
        ({"$or": [{"slug": "p2"}, {"$or": [{"slug": "none"}, {"_id": 3}]}]}, [2, 3]),
        ({"$or": [{"slug": "p2"}, {"_id": 6}], "active": True}, [2, 6]),
        ({"$or": [{"$and": [{"slug": "p2"}, {"active": False}]}, {"slug": "p3"}]}, [3]),
        ({"$or": [{"slug": "p2"}, {"active": True, "_id": {"$lt": 4}}]}, [0, 2]),
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
