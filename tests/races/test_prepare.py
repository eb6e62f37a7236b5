"""The first start: several processes find an empty database at the same moment."""

import subprocess
import sys

import pytest

from tests.races.conftest import DatabaseOf
from tests.races.race import NAIVE_ALONE, SHOP, WAYS, expectation
from tests.races.server import ROOT, environment

SETTINGS = "tests.races.empty_settings"
PREPARE = ["manage.py", "prepare"]
NAIVE_PREPARE = ["-m", "tests.races.naive.prepare"]
FSCK = ["manage.py", "fsck"]


@pytest.mark.parametrize("way", WAYS)
def test_two_processes_prepare_an_empty_database_once(way: str, database_of: DatabaseOf) -> None:
    database = database_of(SETTINGS)
    database.client.drop_database(database.name)
    command = PREPARE if way == SHOP else NAIVE_PREPARE

    with expectation(way):
        assert exit_codes(command, together=way != NAIVE_ALONE) == [0, 0]
        numbers = [product["product_id"] for product in database["products"].find()]
        assert sorted(numbers) == list(range(1, 21))
        assert database["users"].count_documents({"role": "admin"}) == 1
        assert ended(started(FSCK)) == 0


def exit_codes(command: list[str], *, together: bool) -> list[int]:
    if not together:
        return [ended(started(command)), ended(started(command))]
    processes = [started(command), started(command)]
    return [ended(process) for process in processes]


def started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment(SETTINGS))


def ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=60)
    finally:
        process.kill()
