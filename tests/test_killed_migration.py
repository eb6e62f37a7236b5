"""A process that is killed in its first migration leaves collections that no migration has recorded."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

pytestmark = pytest.mark.kills

ROOT = Path(__file__).resolve().parents[1]
NAME = "test_killed_migration"


@pytest.fixture
def half_migrated() -> Iterator["Database[dict[str, Any]]"]:
    with MongoClient[dict[str, Any]](os.environ["MONGODB_URI"]) as client:
        client.drop_database(NAME)
        for collection in ("users", "users_groups", "products", "orders"):
            client[NAME].create_collection(collection)
        yield client[NAME]
        client.drop_database(NAME)


def manage(*command: str) -> "subprocess.CompletedProcess[str]":
    host, port = parse_uri(os.environ["MONGODB_URI"])["nodelist"][0]
    environment = os.environ | {
        "MONGODB_URI": f"mongodb://{host}:{port}/{NAME}",
        "SEED_SAMPLE_PRODUCTS": "false",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_prepare_creates_them_anew(half_migrated: "Database[dict[str, Any]]") -> None:
    result = manage("prepare")
    assert result.returncode == 0, result.stderr
    assert half_migrated["users"].count_documents({"role": "admin"}) == 1
    assert manage("prepare").returncode == 0
    assert half_migrated["users"].count_documents({"role": "admin"}) == 1


def test_migrate_alone_fails(half_migrated: "Database[dict[str, Any]]") -> None:
    assert manage("migrate").returncode != 0


def test_a_collection_with_documents_is_left_alone(half_migrated: "Database[dict[str, Any]]") -> None:
    half_migrated["orders"].insert_one({"precious": True})
    assert manage("prepare").returncode != 0
    assert half_migrated["orders"].count_documents({"precious": True}) == 1
