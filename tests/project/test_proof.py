"""The table of `make soak`."""

from types import SimpleNamespace

from tests.proof import rows, table

SALE = {"promise": "a sale", "result": "holds", "size": "9 buyers", "counted": "3 paid"}
FORGED = {"promise": "forgeries", "result": "holds"}


def report(nodeid, told):
    return SimpleNamespace(nodeid=nodeid, user_properties=list(told.items()))


def test_a_test_that_counted_has_a_line_and_others_are_counted():
    passed = [report("a", SALE), report("b", FORGED), report("c", FORGED), report("d", {})]
    assert list(rows({"passed": passed, "warnings": [SimpleNamespace()]})) == [
        ("a sale", "9 buyers", "3 paid", "holds"),
        ("forgeries", "2 tests", "", "holds"),
    ]


def test_what_failed_is_broken_even_if_only_at_its_end():
    stats = {"passed": [report("a", SALE), report("b", FORGED)], "error": [report("a", SALE)]}
    assert [row[-1] for row in rows(stats)] == ["BROKEN", "holds"]
    assert [row[-1] for row in rows({"failed": [report("b", FORGED)]})] == ["BROKEN"]


def test_its_columns_are_aligned():
    lines = table([("a sale", "9 buyers", "3 paid", "holds"), ("z", "1", "", "BROKEN")])
    assert (
        len({line.index(word) for line, word in zip(lines, ("result", "holds", "BROKEN"), strict=True)}) == 1
    )
