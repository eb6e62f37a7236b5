"""The documentation names files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "tests/README.md",
    *(ROOT / "docs").rglob("*.md"),
]
FOLDERS = (
    "accounts",
    "cart",
    "catalog",
    "docs",
    "ecommerce",
    "orders",
    "payments",
    "static",
    "templates",
    "tests",
)
NAMED_FILE = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[\w-]+)?\)")


def test_every_file_that_the_documentation_names_exists():
    missing = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in NAMED_FILE.findall(page.read_text())
        if not (ROOT / name).exists()
    ]
    assert not missing


def test_every_link_between_pages_leads_to_a_file():
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not missing
