"""The first start: several processes find an empty database at the same moment."""

import subprocess
import sys

import pytest

from tests.races.conftest import DatabaseOf
from tests.races.race import NAIVE, NAIVE_ALONE, SHOP, WAYS, fails_at_least_once
from tests.races.server import ROOT, STARTING_S, environment

SETTINGS = "tests.races.empty_settings"
PREPARE = ["manage.py", "prepare"]
NAIVE_PREPARE = ["-m", "tests.races.naive.prepare"]
FSCK = ["manage.py", "fsck"]


@pytest.mark.parametrize("way", WAYS)
def test_two_processes_prepare_an_empty_database_once(way: str, database_of: DatabaseOf) -> None:
    database = database_of(SETTINGS)
    command = PREPARE if way == SHOP else NAIVE_PREPARE

    def empty() -> None:
        database.client.drop_database(database.name)

    def prepared() -> None:
        assert exit_codes(command, together=way != NAIVE_ALONE) == [0, 0]
        numbers = [product["product_id"] for product in database["products"].find()]
        assert sorted(numbers) == list(range(1, 21))
        assert database["users"].count_documents({"role": "admin"}) == 1
        assert ended(started(FSCK)) == 0

    empty()
    if way == NAIVE:
        assert fails_at_least_once(prepared, reset=empty)
    else:
        prepared()


def exit_codes(command: list[str], *, together: bool) -> list[int]:
    if not together:
        return [ended(started(command)), ended(started(command))]
    processes = [started(command), started(command)]
    return [ended(process) for process in processes]


def started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment(SETTINGS))


def ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=STARTING_S)
    finally:
        process.kill()
