"""The embedded MongoDB answers the same with and without the patches for its speed."""

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import Decimal128, Int64
from pymongo.collation import Collation
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError
from secantus import commands
from secantus.transactions import Transaction, TransactionRegistry, TxnState

from ecommerce.devserver.embedded import mongo_speed
from tests.embedded_mongo.servers import Client

VALUES = (None, 0, 1, 1.0, -0.0, True, "", "a", "ü\0b", [1, "a"], [], {"x": 1}, {"x": [1, 2]})
UPDATES = ("$set", "$unset", "$inc", "$push")
CASELESS = Collation("en", strength=2)
Documents = Collection[dict[str, Any]]


def things(client: Client) -> Documents:
    rows = client["shop"]["things"]
    rows.drop()
    rows.create_index("a")
    rows.create_index([("b", 1), ("a", -1)])
    rows.create_index("b.x")
    rows.create_index("code", unique=True, sparse=True)
    rows.create_index("c", partialFilterExpression={"other": 1})
    rows.create_index([("a", 1), ("c", -1), ("d", 1)])
    rows.create_index([("c", -1), ("d.x", 1)], sparse=True)
    rows.create_index("e", unique=True, partialFilterExpression={"e": {"$type": "string"}})
    rows.create_index("d", collation={"locale": "en", "strength": 2})
    return rows


def document(chance: random.Random) -> dict[str, Any]:
    values = {field: chance.choice(VALUES) for field in chance.sample(["a", "b", "c", "d", "e"], 3)}
    return {**values, "code": chance.randrange(200)}


def change(rows: Documents, chance: random.Random) -> str:
    """Make a random change; return the name of the error if there is one."""
    key, value = {"_id": chance.randrange(20)}, chance.choice(VALUES)
    field = chance.choice(["a", "b", "c", "d", "e", "b.x", "other"])
    kinds = ("replace", "upsert", "code", "delete", "many", "transaction", "insert", "index")
    kind = chance.choice([*UPDATES, *kinds])
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
            case "insert":
                numbers = chance.sample(range(20, 60), 2)
                rows.insert_many(({"_id": number, **document(chance)} for number in numbers), ordered=False)
            case "index":
                rows.drop_index("b.x_1")
                rows.create_index("b.x")
            case "delete":
                rows.delete_one(key)
            case "transaction":
                with rows.database.client.start_session() as session, session.start_transaction():
                    rows.update_one(key, {"$set": {"a": value}}, session=session)
                    rows.update_one(key, {"$set": {"a": 1, "b": value}}, session=session)
                    rows.insert_one({"_id": chance.randrange(60, 99), "a": value}, session=session)
    except PyMongoError as error:
        return f"{kind} {type(error).__name__}"
    return kind


def found(rows: Documents) -> list[object]:
    """Return all documents, and the keys of those that each index finds for each value."""
    queries = [{field: value} for field in ("a", "b", "d", "b.x") for value in VALUES]
    queries += [{"other": 1, "c": value} for value in VALUES] + [{"code": code} for code in range(60)]
    queries += [{"a": value, "c": other} for value in VALUES[::2] for other in VALUES[::2]]
    queries += [{"c": value, "d.x": 1} for value in VALUES]
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
    assert {"code DuplicateKeyError", "many", "transaction", "insert", "insert BulkWriteError"} <= kinds, seed


def test_a_freed_unique_value_can_be_taken(patched: Client) -> None:
    rows = things(patched)
    rows.insert_many([{"_id": 1, "code": 1}, {"_id": 2, "code": 2}])
    rows.update_one({"_id": 1}, {"$set": {"other": 1}})
    with pytest.raises(DuplicateKeyError):
        rows.update_one({"_id": 2}, {"$set": {"code": 1}})
    rows.update_one({"_id": 1}, {"$set": {"code": 3}})
    rows.update_one({"_id": 2}, {"$set": {"code": 1}})
    assert rows.find_one({"code": 1}) == {"_id": 2, "code": 1}


def entries(client: Client) -> dict[str, Any]:
    return {
        key: value for key, value in client["shop"].command("collStats", "things").items() if "ndex" in key
    }


def test_documents_have_the_same_index_entries(patched: Client, unpatched: Client) -> None:
    """Also entries that no query needs, such as those of a document that is gone."""
    for client in (patched, unpatched):
        rows, chance = things(client), random.Random(5)
        for _ in range(60):
            change(rows, chance)
    assert entries(patched)["indexSizes"]["a_1_c_-1_d_1"]
    assert entries(patched) == entries(unpatched)


MANY = {
    "texts": [f"t{n}" for n in range(30)],
    "numbers": [*range(30)],
    "mixed": [*range(30), "t1", None, True],
    "with a pattern": [*(f"t{n}" for n in range(30)), re.compile("^x")],
}


@pytest.mark.parametrize("many", MANY.values(), ids=MANY)
@pytest.mark.parametrize("operator", ["$in", "$nin"])
def test_a_long_list_of_values_matches_the_same(
    patched: Client, unpatched: Client, many: list[Any], operator: str
) -> None:
    values = ["t1", "x", 1, 1.0, 31, True, None, ["t1"], [1, "x"], [], Int64(1), Decimal128("1.0"), {"x": 1}]
    found = []
    for client in (patched, unpatched):
        rows = client["shop"]["values"]
        rows.drop()
        rows.insert_many([*({"value": value} for value in values), {}])
        query = {"value": {operator: many}}
        found.append([row.get("value", "none") for row in rows.find(query).sort("_id")])
        found.append([row.get("value", "none") for row in rows.find(query).collation(CASELESS).sort("_id")])
    assert found[:2] == found[2:]
    assert 0 < len(found[0]) < len(values)


IN_ARRAYS: list[dict[str, Any]] = [
    *({"$gte": "b", "$lt": "bz"}, {"$lt": "bz", "$gte": "b"}, {"$gte": "", "$lt": "b\U0010ffff"}),
    *({"$gte": "b"}, {"$gte": "b", "$lt": 3}, {"$gte": 1, "$lt": 3}, {"$gte": "b", "$lt": "bz", "$ne": "bc"}),
    *({"$in": ["bc", "x"]}, {"$in": ["bc", 2]}, {"$in": [re.compile("^b")]}, {"$in": []}, {"x": "bc"}),
]
TEXTS = [["a", "bc"], ["\uffff", "b\U0001f600"], [], ["bz", "B"], "bc"]
ARRAYS = [*TEXTS, [2, "a"], [["bc"]], None, [{"x": "bc"}]]


@pytest.mark.parametrize("condition", IN_ARRAYS, ids=str)
def test_a_condition_on_texts_of_an_array_matches_the_same(
    patched: Client, unpatched: Client, condition: dict[str, Any]
) -> None:
    found = []
    for client in (patched, unpatched):
        rows = client["shop"]["arrays"]
        if not rows.estimated_document_count():
            rows.insert_many({"_id": number, "texts": texts} for number, texts in enumerate(ARRAYS))
        query = {"texts": {"$elemMatch": condition}}
        found.append(sorted(row["_id"] for row in rows.find(query)))
        found.append(sorted(row["_id"] for row in rows.find({"texts": {"$not": query["texts"]}})))
    assert found[:2] == found[2:]
    assert len(found[0]) + len(found[1]) == len(ARRAYS)


def test_decimals_are_compared_and_sorted_the_same(patched: Client, unpatched: Client) -> None:
    texts = ["1", "1.0", "10E-1", "-0", "0", "NaN", "Infinity", "-Infinity", "1E+6000", "9.99", "0.1"]
    found = []
    for client in (patched, unpatched):
        rows = client["shop"]["decimals"]
        rows.insert_many({"_id": number, "price": Decimal128(text)} for number, text in enumerate(texts))
        found.append([row["_id"] for row in rows.find().sort([("price", 1), ("_id", 1)])])
        equal = (rows.find({"price": Decimal128(text)}).sort("_id") for text in texts)
        found.extend([row["_id"] for row in documents] for documents in equal)
    assert found[: len(found) // 2] == found[len(found) // 2 :]
    assert found[1] == [0, 1, 2]


def test_there_is_no_oplog(patched: Client, unpatched: Client) -> None:
    """It would make commits slow once it is full."""
    assert "oplog.rs" in unpatched["local"].list_collection_names()
    assert "oplog.rs" not in patched["local"].list_collection_names()


def test_the_idle_time_of_a_transaction_begins_at_the_end_of_its_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow_statement(*arguments: object) -> None:
        transaction.last_use = 0  # as if it had begun long ago

    transaction = Transaction(b"", None, 1, now=0)
    monkeypatch.setattr(commands, "_run_txn_statement", slow_statement)
    mongo_speed.patch_idle_time()
    commands._run_txn_statement(transaction)
    assert time.time() - transaction.last_use < 60


def test_a_transaction_is_idle_only_between_its_statements() -> None:
    now = time.time()
    running, idle, recent = (Transaction(b"", None, 1, now=then) for then in (now - 9, now - 9, now - 1))
    registry = TransactionRegistry(lifetime_seconds=3)
    registry._txns = dict(enumerate([running, idle, recent]))
    with ThreadPoolExecutor(1) as pool, running.mutex:  # as while a statement runs
        assert pool.submit(mongo_speed.abort_idle, registry).result() == 1
    states = [transaction.state for transaction in (running, idle, recent)]
    assert states == [TxnState.IN_PROGRESS, TxnState.ABORTED, TxnState.IN_PROGRESS]


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
