"""The embedded MongoDB answers the same with and without the patches for its speed."""

import random
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from ecommerce.devserver.embedded import mongo_speed
from tests.embedded_mongo.servers import Client

VALUES = (None, 0, 1, 1.0, -0.0, True, "", "a", "ü\0b", [1, "a"], [], {"x": 1}, {"x": [1, 2]})
UPDATES = ("$set", "$unset", "$inc", "$push")
Documents = Collection[dict[str, Any]]


def things(client: Client) -> Documents:
    rows = client["shop"]["things"]
    rows.drop()
    rows.create_index("a")
    rows.create_index([("b", 1), ("a", -1)])
    rows.create_index("b.x")
    rows.create_index("code", unique=True, sparse=True)
    rows.create_index("c", partialFilterExpression={"other": 1})
    return rows


def change(rows: Documents, chance: random.Random) -> str:
    """Make a random change; return the name of the error if there is one."""
    key, value = {"_id": chance.randrange(20)}, chance.choice(VALUES)
    field = chance.choice(["a", "b", "c", "b.x", "other"])
    kind = chance.choice([*UPDATES, "replace", "upsert", "code", "delete", "many", "transaction"])
    try:
        match kind:
            case "$inc" | "$push":
                rows.update_one(key, {kind: {field: 1}})
            case "$set" | "$unset":
                rows.update_one(key, {kind: {field: value}})
            case "replace" | "upsert":
                rows.replace_one(key, {"a": value, "c": 1, "code": chance.randrange(30)}, kind == "upsert")
            case "code":
                rows.update_one(key, {"$set": {"code": chance.randrange(8)}}, upsert=True)
            case "many":
                rows.update_many({"a": value}, {"$set": {"c": chance.choice(VALUES)}})
            case "delete":
                rows.delete_one(key)
            case "transaction":
                with rows.database.client.start_session() as session, session.start_transaction():
                    rows.update_one(key, {"$set": {"a": value}}, session=session)
                    rows.update_one(key, {"$set": {"a": 1, "b": value}}, session=session)
    except PyMongoError as error:
        return f"{kind} {type(error).__name__}"
    return kind


def found(rows: Documents) -> list[object]:
    """Return all documents, and the keys of those that each index finds for each value."""
    queries = [{field: value} for field in ("a", "b", "b.x") for value in VALUES]
    queries += [{"other": 1, "c": value} for value in VALUES] + [{"code": code} for code in range(30)]
    keys = [sorted(row["_id"] for row in rows.find(query)) for query in queries]
    return [sorted(map(str, rows.find())), keys, sorted(row["_id"] for row in rows.find({"a": {"$gte": 0}}))]


def test_random_changes_lead_to_the_same_documents_and_indexes(patched: Client, unpatched: Client) -> None:
    fast, slow = things(patched), things(unpatched)
    seed = random.getrandbits(32)
    chances = random.Random(seed), random.Random(seed)
    kinds = set()
    for _ in range(300):
        kind, expected = change(fast, chances[0]), change(slow, chances[1])
        assert kind == expected, seed
        kinds.add(kind)
    assert found(fast) == found(slow), seed
    assert {"code DuplicateKeyError", "many", "transaction"} <= kinds, seed


def test_a_freed_unique_value_can_be_taken(patched: Client) -> None:
    rows = things(patched)
    rows.insert_many([{"_id": 1, "code": 1}, {"_id": 2, "code": 2}])
    rows.update_one({"_id": 1}, {"$set": {"other": 1}})
    with pytest.raises(DuplicateKeyError):
        rows.update_one({"_id": 2}, {"$set": {"code": 1}})
    rows.update_one({"_id": 1}, {"$set": {"code": 3}})
    rows.update_one({"_id": 2}, {"$set": {"code": 1}})
    assert rows.find_one({"code": 1}) == {"_id": 2, "code": 1}


@pytest.mark.parametrize(
    ("packed_as", "values"),
    [
        *(
            ("SS", ["shop", "products"]),
            ("SSS", ["", "ü", "x" * 300]),
            ("SSSu", ["a", "b", "c", b"\0\x01\0"]),
        ),
        *(("SSu", ["a", "b", b""]), ("u", [b"\0"]), ("u", [b""]), ("S", ["a"]), ("S", ["a\0b"])),
        *(("q", [-3]), ("SSu", ["a", "b", "text"]), ("SSq", ["a", "b", 70000])),
    ],
)
def test_keys_are_packed_as_wiredtiger_packs_them(packed_as: str, values: list[Any]) -> None:
    packed = mongo_speed.pack(packed_as, *values)
    assert packed == mongo_speed.pack_any(packed_as, *values)
    assert mongo_speed.unpack(packed_as, packed) == mongo_speed.unpack_any(packed_as, packed)


def test_only_replies_too_old_to_be_retried_are_forgotten() -> None:
    registry = mongo_speed.TransactionRegistry.__new__(mongo_speed.TransactionRegistry)
    registry._time = lambda: 10_000.0
    registry._retryable = {number: ({}, 10_000 - age, b"") for number, age in enumerate([9000, 1900, 100, 0])}
    mongo_speed.forget_old_replies(registry)
    assert list(registry._retryable) == [2, 3]
