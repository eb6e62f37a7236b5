"""The embedded MongoDB answers the ORM's sorted lists and counts from an index, and answers them right."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from bson import Decimal128
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from ecommerce.devserver.embedded import mongo_walks
from tests.embedded_mongo.servers import Client
from tests.support.query_plans import values

Documents = Collection[dict[str, Any]]
INDEXES = [
    [("shown", 1), ("price", 1), ("number", 1)],
    [("shown", 1), ("kind", 1), ("number", -1)],
    [("number", -1)],
    [("kind", -1), ("number", 1)],
    [("tags", 1), ("number", 1)],
    [("seller.name", 1), ("number", 1)],
    [("price", 1), ("shown", 1)],
    [("stock", 1), ("shown", 1)],
]
PRICES = [None, 1, 2.5, Decimal128("2.50"), Decimal128("10"), -3, "9", True]
SORTS = [["price", "number"], ["number"], ["_id"], ["kind", "number"], ["tags", "number"]]
BOUNDS = ["$gt", "$gte", "$lt", "$lte"]
KINDS = ["", "a", "ab", "a\0", "a\0\0b", "ü\0c", None]


def filled(client: Client, seed: int) -> Documents:
    chance, rows = random.Random(seed), client["shop"]["rows"]
    rows.drop()
    for number in range(150):
        row: dict[str, Any] = {"_id": chance.random(), "number": number, "shown": chance.random() < 0.7}
        row |= {"price": chance.choice(PRICES), "kind": chance.choice(KINDS)}
        row |= {"stock": chance.choice([-1, 0, 0.0, -0.0, 1, 2.5, 2**40, None, "1", [0, 1], [2, 3], [True]])}
        row |= {"tags": chance.sample("abc", 2), "seller": {"name": chance.choice("xyz")}}
        del row[chance.choice(["price", "kind", "seller", "tags"])]
        rows.insert_one(row)
    for index in INDEXES:
        rows.create_index(index)
    return rows


def pipelines(chance: random.Random) -> Iterator[Any]:
    """Yield sorted lists and counts as the ORM asks for them."""
    for _ in range(50):
        conditions: list[dict[str, Any]] = [
            {"shown": True},
            {"kind": chance.choice(KINDS)},
            {"price": {"$gte": 2}},
            {"price": chance.choice(PRICES)},
            {"seller.name": "x"},
            {"tags": "a"},
            {"kind": {"$in": ["a", ""]}},
            {"kind": {"$in": chance.sample(KINDS, 3)}},
            {"tags": {"$in": ["a", "b"]}},
            {"number": {"$in": [3, 5, 5.0, 99]}},
            {"number": {"$in": [3, 5, 5, 99]}},
            {chance.choice(["number", "price"]): {chance.choice(BOUNDS): chance.choice(PRICES[1:])}},
            {"seller.name": {chance.choice(BOUNDS): "y"}},
            {"number": {chance.choice(BOUNDS): chance.randrange(150)}},
            {"$or": [{"number": 3}, {"shown": False}]},
        ]
        used = chance.sample(conditions, chance.randrange(4))
        match = [{"$match": {"$and": used}}] if used else []
        yield [*match, mongo_walks.COUNT_STAGE]
        most = {"$limit": chance.randrange(1, 150)}
        yield [*match, mongo_walks.ONLY_ID_STAGE, most, mongo_walks.COUNT_STAGE]
        numbers = [0, 0, 1, 2, 0.0, False, 2**40]
        bounds = [{"$gt": 0}, {"$lte": 2}, {"$exists": True}, {"$ne": None}, {"$gte": 1}, {"$lt": 2}]
        bounds += [{chance.choice(BOUNDS): chance.choice(numbers)}]
        number = chance.choice(["stock", "price", "number"])
        shown = {"shown": chance.choice([True, True, True, False, 1, "True"])}
        within = [{number: bound} for bound in chance.sample(bounds, chance.randrange(1, 4))]
        yield [{"$match": {"$and": [shown, {"$and": within}]}}, mongo_walks.COUNT_STAGE]
        yield [*match, mongo_walks.EXISTS_STAGE, {"$limit": 1}, {"$project": {"_id": 0}}]
        field = chance.choice(["kind", "number", "tags"])
        yield [*match, {"$group": {"_id": f"${field}", "number": {"$sum": 1}}}]
        step = chance.choice([1, -1])
        fields = chance.choice(SORTS)
        steps = {field: chance.choice([step, step, step, -step]) for field in fields}
        added = {field: f"${field}" for field in fields if "." not in field}
        skip = [{"$skip": chance.randrange(1, 40)}] if chance.random() < 0.3 else []
        sort, limit = {"$sort": steps}, {"$limit": chance.randrange(1, 60)}
        yield [*match, {"$addFields": added}, sort, *skip, limit]
        yield [{"$addFields": added}, *match, sort, *skip, limit]
        yield [*match, sort]


def test_sorted_lists_and_counts_are_those_of_a_scan(patched: Client, unpatched: Client) -> None:
    seed = random.getrandbits(32)
    walked, scanned = filled(patched, seed), filled(unpatched, seed)
    for pipeline in pipelines(random.Random(seed)):
        answers = [rows.aggregate(pipeline).to_list() for rows in (walked, scanned)]
        if "$group" in pipeline[-1]:  # its order is not defined
            answers = [sorted(answer, key=repr) for answer in answers]
        assert answers[0] == answers[1], (seed, pipeline)


EXPLAINED = [
    ({"shown": True}, {"number": -1}, 3, (3, "shown_1_number_1")),
    ({"shown": True, "number": {"$gte": 40}}, {"number": 1}, 3, (3, "shown_1_number_1")),
    ({"shown": True, "number": {"$in": [7, 9]}}, {"number": 1}, 3, (2, "shown_1_number_1")),
    ({"shown": True, "odd": True}, {"number": 1}, 3, (6, "shown_1_number_1")),
    ({"odd": True}, {"number": 1}, 3, (51, None)),
]


def explained(client: Client, query: dict[str, Any], sort: dict[str, int], limit: int) -> tuple[int, Any]:
    rows = divisible(client)
    rows.update_many({"number": {"$mod": [2, 1]}}, {"$set": {"odd": True}})
    pipeline = [{"$match": query}, {"$sort": sort}, {"$limit": limit}]
    command = {"aggregate": rows.name, "pipeline": pipeline, "cursor": {}}
    plan = client["shop"].command("explain", command, verbosity="executionStats")
    index = next(values(plan, "indexName"), None)
    return next(values(plan, "totalDocsExamined")), index


@pytest.mark.parametrize(("query", "sort", "limit", "expected"), EXPLAINED)
def test_explain_tells_what_was_read(
    patched: Client, query: dict[str, Any], sort: dict[str, int], limit: int, expected: tuple[int, str]
) -> None:
    assert explained(patched, query, sort, limit) == expected


@pytest.mark.xfail(strict=True, reason="patch_explain is needed")
def test_explain_tells_what_was_read_without_the_patch(unpatched: Client) -> None:
    assert all(explained(unpatched, *asked) == expected for *asked, expected in EXPLAINED)  # type: ignore[arg-type]


def test_distinct_values_are_those_of_a_scan(patched: Client, unpatched: Client) -> None:
    for names in (
        ["b", "a", "ab", "a\0", "", "ü", "b"],
        ["a", None],
        ["a", 1, "1"],
        ["a", ["a", "b"]],
        ["a"],
    ):
        answers = []
        for client in (patched, unpatched):
            rows = client["shop"]["named"]
            rows.drop()
            rows.create_index([("name", 1), ("number", -1)])
            rows.insert_many([{"name": value, "number": at} for at, value in enumerate(names * 3)])
            answers.append(sorted(rows.distinct("name"), key=repr))
        assert answers[0] == answers[1], names


def divisible(client: Client) -> Documents:
    """Return numbers of which a query must not read the last, by which it would divide 1."""
    rows = client["shop"]["divisible"]
    rows.drop()
    rows.insert_many([{"number": number, "shown": True} for number in range(50, -1, -1)])
    rows.create_index([("shown", 1), ("number", 1)])
    return rows


def largest(client: Client) -> list[int]:
    fraction = {"$expr": {"$gt": [{"$divide": [1, "$number"]}, 0]}}
    match, added = {"$and": [{"shown": True}, fraction]}, {"number": "$number"}
    stages: list[dict[str, Any]] = [
        {"$match": match},
        {"$addFields": added},
        {"$sort": {"number": -1}},
        {"$limit": 3},
    ]
    return [row["number"] for row in divisible(client).aggregate(stages)]


def test_a_sorted_list_reads_no_more_than_it_needs(patched: Client) -> None:
    assert largest(patched) == [50, 49, 48]


@pytest.mark.xfail(strict=True, reason="patch_walks is needed", raises=OperationFailure)
def test_a_sorted_list_reads_no_more_than_it_needs_without_the_patch(unpatched: Client) -> None:
    assert largest(unpatched) == [50, 49, 48]


@pytest.mark.parametrize(
    ("query", "covered"),
    [
        ({}, True),
        ({"shown": True}, True),
        ({"$and": [{"shown": True}, {"kind": "a"}]}, True),
        ({"$and": [{"shown": True}, {"shown": False}]}, False),
        ({"shown": 1}, False),
        ({"shown": True, "price": 1}, False),
        ({"shown": True, "price": {"$gt": 1}}, False),
        ({"shown": None}, False),
        ({"$or": [{"shown": True}]}, False),
    ],
)
def test_only_queries_for_exact_values_are_counted_in_an_index(query: dict[str, Any], covered: bool) -> None:
    walks = [mongo_walks.walk_of("index", dict(key), query, []) for key in INDEXES]
    assert any(walk and walk.covered for walk in walks) == covered
