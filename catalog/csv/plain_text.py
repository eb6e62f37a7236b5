"""Vendors' HTML as plain text.

Descriptions are plain text everywhere else (the API, the admin, the pages, which escape them), so an
imported one becomes the same: nothing a vendor writes can ever be markup in the shop.
"""

import html
import re

import nh3

PARAGRAPHS = {"p", "div", "ul", "ol", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
LINES = {"br", "tr", "li"}
CELLS = {"td", "th"}
_BREAKS = [
    (re.compile(r"\s+"), " "),
    (re.compile(r"<li>( ?<(p|div)>)*"), "\n- "),
    (re.compile(r"<(br|tr)>"), "\n"),
    (re.compile(r"</(li|tr)>|</?t[dh]>"), " "),
    (re.compile(r"<[^>]*>"), "\n\n"),  # the paragraphs: nothing else is left
]


def plain_text(body: str) -> str | None:
    """Paragraphs, lines and list items of the HTML; a text without any keeps the lines it has."""
    cleaned = nh3.clean(body, tags=PARAGRAPHS | LINES | CELLS, attributes={})
    if "<" in cleaned:
        for pattern, replacement in _BREAKS:
            cleaned = pattern.sub(replacement, cleaned)
    return _tidy(html.unescape(cleaned)) or None


def _tidy(text: str) -> str:
    """Single spaces, no empty list items, one empty line between paragraphs at the most."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    text = "\n".join("" if line == "-" else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
