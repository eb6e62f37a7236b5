"""How large the proofs are, and what they counted: a few for CI, many with a table by `make soak`.

A plugin loaded with `-p`. `@pytest.mark.proof(promise)` puts a test into the table, `@pytest.mark.control(…)`
says what passing means where the code under test is naive.
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
    """A number that the environment may set: `make soak BUYERS=1000`."""
    return int(os.environ.get(name) or (soak if SOAK else ci))


def tally(words: Iterable[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(Counter(words).items())) or "no"


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """Note for the table the size of what was tried, and what came out; before anything is asserted of it."""

    def note(size: str, numbers: str) -> None:
        record_property("size", size)
        record_property("counted", numbers)

    return note


def pytest_runtest_setup(item: pytest.Item) -> None:
    if (proof := item.get_closest_marker("proof")) is not None:
        control = item.get_closest_marker("control")
        item.user_properties.append(("promise", proof.args[0]))
        item.user_properties.append(("result", control.args[0] if control else "holds"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SOAK:
        terminalreporter.section("what was promised")
        for line in table(list(rows(terminalreporter.stats))):
            terminalreporter.write_line(line)


def rows(stats: dict[str, list[pytest.TestReport]]) -> Iterator[Row]:
    """One for each test that counted; those that did not are counted themselves."""
    failed = {report.nodeid for kind in ("failed", "error") for report in stats.get(kind, [])}
    reports = {report.nodeid: report for kind in stats for report in stats[kind] if _said(report)}
    tests: Counter[tuple[str, str]] = Counter()
    for nodeid, report in reports.items():
        said = _said(report)
        result = BROKEN if nodeid in failed else said["result"]
        if "size" in said:
            yield said["promise"], said["size"], said["counted"], result
        else:
            tests[said["promise"], result] += 1
    for (promise, result), number in tests.items():
        yield promise, f"{number} tests", "", result


def table(found: list[Row]) -> list[str]:
    lines = [HEADINGS, *sorted(found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _said(report: object) -> dict[str, str]:
    """What a test told of itself; nothing where it is not one of the proofs."""
    told = dict(getattr(report, "user_properties", ()))
    return told if "promise" in told else {}
