"""Lines of a CSV file are read again after an unclosed quotation mark, but not without end."""

from io import StringIO

import pytest

from catalog.csv import table
from catalog.csv.table import Rejected, Table

CUP = "Cup,cup,4.50"
LINES = 400
BAD = 'a",b,"\n'  # opens a cell that the next line closes, and so on to the end of the file


@pytest.fixture
def reads(monkeypatch):
    """Each line that is given to the reader."""
    found, following = [], table._Lines.__next__

    def counted(lines):
        found.append(line := following(lines))
        return line

    monkeypatch.setattr(table._Lines, "__next__", counted)
    return found


def rows_of(text):
    return list(Table(StringIO(f"name,slug,price\n{text}")).rows())


def test_a_file_of_unclosed_quotation_marks_is_read_in_linear_time(reads, monkeypatch):
    monkeypatch.setattr(table, "MAX_AGAIN", 10 * LINES * len(BAD))
    rows = rows_of(BAD * LINES)
    assert LINES < len(reads) < 13 * LINES
    assert all(isinstance(row, Rejected) for row in rows)
    assert rows[-1].line + int(rows[-1].reason.split(" lines after it")[0].split()[-1]) == LINES + 1


def test_control_without_a_limit_each_line_leads_to_the_end_of_the_file(reads, monkeypatch):
    monkeypatch.setattr(table, "MAX_AGAIN", 10**9)
    assert len(rows_of(BAD * LINES)) == LINES
    assert len(reads) > LINES**2 / 3


def test_good_lines_after_a_few_of_them_are_read():
    rows = rows_of(f'"Mug,mug,1\n{CUP}\n"Pot,pot,3\n{CUP}\n')
    assert [row.line for row in rows if isinstance(row, Rejected)] == [2, 4]
    assert [row["slug"] for row in rows if not isinstance(row, Rejected)] == ["cup", "cup"]
