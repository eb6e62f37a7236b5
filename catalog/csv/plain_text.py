"""Vendors' HTML as plain text.

Descriptions are plain text in the API, the admin and the pages, which escape them. An imported one becomes
plain text, too, so that nothing a vendor writes can ever be markup in the shop.
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
    (re.compile(r"<[^>]*>"), "\n\n"),  # the remaining tags are paragraphs
]


def plain_text(body: str) -> str | None:
    """Return the text with its paragraphs, lines and list items; text without tags keeps its lines."""
    cleaned = nh3.clean(body, tags=PARAGRAPHS | LINES | CELLS, attributes={})
    if "<" in cleaned:
        for pattern, replacement in _BREAKS:
            cleaned = pattern.sub(replacement, cleaned)
    return _tidy(html.unescape(cleaned)) or None


def _tidy(text: str) -> str:
    """Remove repeated spaces, empty list items, and all but one empty line between paragraphs."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    text = "\n".join("" if line == "-" else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
