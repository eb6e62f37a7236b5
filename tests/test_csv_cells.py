"""No spreadsheet finds a formula in an exported cell, whichever character it splits lines at."""

import csv
import json
import re

import pytest

from ecommerce.core import audit
from ecommerce.core.audit import export
from ecommerce.core.text.csv_files import escape_formula, escape_json, lines, unescape_formula

PAYLOADS = [
    *("=1+1", "-1", "+1", "@a", "＝1", "\t=1", "'=1", "''=1"),
    *(
        "a;=1+1",
        "a\t=1+1",
        "a;'=1",
        'a;"=1+1"',
        "a;;=1",
        "a\n=1",
        "a\r\n-1",
        "x;y;@z",
        ";=1",
        "a;＝1",
        "=a;=b",
    ),
]
HARMLESS = ["", "a", "a;b", "2 × Tea; 3 × Milk", "a\tb", "a = b", "1-1", "'quoted'", "a; -1", "a;'b", "'"]


def formulas(cell, split):
    """Return the parts that a spreadsheet evaluates if it reads the line with this separator."""
    (line,) = lines([["first", cell]])
    parts = re.split(r"[\r\n]|" + split, line)
    return [part for part in parts if part.lstrip('"').startswith(tuple("=+-@＝＋－＠"))]


@pytest.mark.parametrize("split", [",", ";", "\t"])
def test_no_part_of_a_cell_is_a_formula(split):
    assert not [text for text in PAYLOADS if formulas(escape_formula(text), split)]
    assert any(formulas(text, split) for text in PAYLOADS)  # as they are


def test_the_import_reads_the_text_back():
    for text in (*PAYLOADS, *HARMLESS):
        assert unescape_formula(escape_formula(text)) == text
    assert [escape_formula(text) for text in HARMLESS] == HARMLESS


def test_facts_of_the_audit_log_stay_json(product, staff):
    name = 'a;=1+1\t=2;"=3'
    audit.record(actor=staff, action="product.rename", obj=product, before={"name": name}, after={})
    entry = audit.entries_of(product).get(action="product.rename")
    cell = list(export._row(entry))[7]
    assert json.loads(cell) == {"name": name}
    assert cell == escape_json(cell)
    assert not formulas(cell, ";")


def test_a_line_reads_back_with_any_reader():
    assert list(csv.reader(lines([["a", escape_formula("b\n=1")]]))) == [["a", "b\n'=1"]]
