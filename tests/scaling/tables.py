"""The tables in docs/: rows are read from them, and written between two markers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.runshop.shop import ROOT

PAGE = ROOT / "docs" / "scaling.md"
PERFORMANCE = ROOT / "docs" / "performance.md"


def rows(page: Path, header: str) -> dict[str, list[str]]:
    """Return the cells of the table whose header begins with this text, by the first cell of each row."""
    lines = page.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {header}"))
    found = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found[name] = cells
    return found


def number(cell: str) -> float:
    """Return the number at the beginning of a cell, such as `1,234 ms`."""
    return float(cell.split()[0].replace(",", "")) if cell else 0.0


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *lines])


def write(name: str, text: str) -> None:
    """Replace what stands between the markers of this name on the page."""
    begin, end = f"<!-- make scaling writes {name} from here -->\n", "<!-- to here -->\n"
    before, _, rest = PAGE.read_text().partition(begin)
    PAGE.write_text(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}")
