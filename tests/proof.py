"""The sizes of the proofs, and the table of their numbers that `make soak` prints.

A plugin loaded with `-p`. `@pytest.mark.proof(promise)` puts a test into the table;
`@pytest.mark.control(result)` says what it means that a test of naive code passes.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

SOAK = bool(os.environ.get("SOAK"))
HEADINGS = ("promise", "size", "counted", "result")
BROKEN = "BROKEN"
Counted = Callable[[str, str], None]
Row = tuple[str, str, str, str]


def size(name: str, *, ci: int, soak: int) -> int:
    """Return a size, which the environment may set: `make soak BUYERS=1000`."""
    return int(os.environ.get(name) or (soak if SOAK else ci))


def tally(words: Iterable[str]) -> str:
    """Return how often each word occurs, for example `1 database, 3 web`."""
    return ", ".join(f"{number} {word}" for word, number in sorted(Counter(words).items())) or "no"


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """A function that records the size of a proof and its numbers for the table; call it before asserting."""

    def record(size: str, numbers: str) -> None:
        record_property("size", size)
        record_property("counted", numbers)

    return record


def pytest_runtest_setup(item: pytest.Item) -> None:
    if (proof := item.get_closest_marker("proof")) is not None:
        control = item.get_closest_marker("control")
        item.user_properties.append(("promise", proof.args[0]))
        item.user_properties.append(("result", control.args[0] if control else "holds"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SOAK:
        terminalreporter.section("promises")
        for line in table(list(rows(terminalreporter.stats))):
            terminalreporter.write_line(line)


def rows(stats: dict[str, list[pytest.TestReport]]) -> Iterator[Row]:
    """Yield a row for each test with numbers, and one row per promise for the number of the other tests."""
    failed = {report.nodeid for kind in ("failed", "error") for report in stats.get(kind, [])}
    reports = {report.nodeid: report for kind in stats for report in stats[kind] if _properties(report)}
    tests: Counter[tuple[str, str]] = Counter()
    for nodeid, report in reports.items():
        properties = _properties(report)
        result = BROKEN if nodeid in failed else properties["result"]
        if "size" in properties:
            yield properties["promise"], properties["size"], properties["counted"], result
        else:
            tests[properties["promise"], result] += 1
    for (promise, result), number in tests.items():
        yield promise, f"{number} tests", "", result


def table(found: list[Row]) -> list[str]:
    """Return the rows as aligned lines below the headings."""
    lines = [HEADINGS, *sorted(found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _properties(report: object) -> dict[str, str]:
    """Return what a proof has recorded, and nothing for other tests."""
    properties = dict(getattr(report, "user_properties", ()))
    return properties if "promise" in properties else {}
