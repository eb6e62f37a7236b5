"""Which characters a text may hold if people must see exactly what is stored."""

import unicodedata

# Controls, format characters, surrogates, private and unassigned code points, line and paragraph separators
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Unicode's other "default ignorable" characters, which count as letters or accents: fillers, selectors
INVISIBLE = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, 0xFFA0}
INVISIBLE |= {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def is_plain(text: str) -> bool:
    """Return whether the text has no control, invisible or compatibility characters, such as wide letters."""
    seen = not any(_is_invisible(character) for character in text)
    return seen and unicodedata.normalize("NFKC", text) == unicodedata.normalize("NFC", text)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in INVISIBLE_CATEGORIES or ord(character) in INVISIBLE
