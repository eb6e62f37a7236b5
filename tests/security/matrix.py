"""The tables in access/: a row is a method and a route, a column is a caller, and a cell the answer."""

from pathlib import Path

Row = dict[str, str]
FOLDER = Path(__file__).parent / "access"


def table(name: str) -> dict[str, Row]:
    """Return the rows of a table by route, each with its cells by column."""
    lines = (FOLDER / f"{name}.md").read_text().splitlines()
    head, _rule, *rows = [_cells(line) for line in lines if line.startswith("|")]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def write(name: str, answers: dict[str, Row]) -> None:
    """Write the answers into the table, after a route or a column was added."""
    rows = table(name) | answers
    columns = list(next(iter(answers.values())))
    lines = [
        ["route", *columns],
        *([row, *(cells.get(each, "") for each in columns)] for row, cells in rows.items()),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = (" | ".join(map(str.ljust, line, widths)) for line in lines)
    (FOLDER / f"{name}.md").write_text("".join(f"| {line} |\n" for line in padded))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
