"""The table of `make soak`."""

from types import SimpleNamespace

from tests.proof import rows, table

SALE = {"promise": "a sale", "result": "holds", "size": "9 buyers", "counted": "3 paid"}
FORGED = {"promise": "forgeries", "result": "holds"}


def report(nodeid, properties):
    return SimpleNamespace(nodeid=nodeid, user_properties=list(properties.items()))


def test_tests_with_numbers_have_a_row_each_and_the_others_are_counted():
    passed = [report("a", SALE), report("b", FORGED), report("c", FORGED), report("d", {})]
    assert list(rows({"passed": passed, "warnings": [SimpleNamespace()]})) == [
        ("a sale", "9 buyers", "3 paid", "holds"),
        ("forgeries", "2 tests", "", "holds"),
    ]


def test_a_test_that_fails_is_broken_even_if_only_in_its_teardown():
    stats = {"passed": [report("a", SALE), report("b", FORGED)], "error": [report("a", SALE)]}
    assert [row[-1] for row in rows(stats)] == ["BROKEN", "holds"]
    assert [row[-1] for row in rows({"failed": [report("b", FORGED)]})] == ["BROKEN"]


def test_columns_are_aligned():
    lines = table([("a sale", "9 buyers", "3 paid", "holds"), ("z", "1", "", "BROKEN")])
    assert (
        len({line.index(word) for line, word in zip(lines, ("result", "holds", "BROKEN"), strict=True)}) == 1
    )
