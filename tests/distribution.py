"""How `pytest -n auto --dist loadfile` distributes the tests: file by file, and the slowest first.

The tests spend a fifth of their time waiting, so `-n auto` is a process more than the machine has processors.
The files of a folder that share servers, which take seconds to start, are one unit of work. Units that take
minutes come first, so that the processes end together.

A plugin loaded with `-p`.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

ONE_UNIT = ("tests/races/", "tests/runshop/")
SLOWEST_FIRST = (
    "tests/races/",
    "tests/faults/",
    "tests/runshop/",
    "tests/security/",
    "tests/catalog/test_search_index.py",
    "tests/outbox/",
    "tests/embedded_mongo/",
    "tests/test_killed_migration.py",
    "tests/site/",
    "tests/test_query_plans.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


def rank(nodeid: str) -> int:
    """Return the position of the test's file or folder in SLOWEST_FIRST."""
    positions = [at for at, prefix in enumerate(SLOWEST_FIRST) if nodeid.startswith(prefix)]
    return positions[0] if positions else len(SLOWEST_FIRST)


class Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        folders = (folder for folder in ONE_UNIT if nodeid.startswith(folder))
        return next(folders, None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    return (os.cpu_count() or 1) + 1 if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Keep the order above, where xdist would begin with the files that have the most tests."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Scheduling(config, log)
