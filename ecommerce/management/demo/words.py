"""The words of words.toml."""

import tomllib
from pathlib import Path
from typing import Any

_data: dict[str, Any] = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def _words(text: str) -> list[str]:
    return [word.replace("-", " ") for word in text.split()]


QUALITIES, MATERIALS, COLOURS = (_words(_data[name]) for name in ("qualities", "materials", "colours"))
SYLLABLES, STREETS = _words(_data["syllables"]), _words(_data["streets"])
FIRST_NAMES, LAST_NAMES = _words(_data["first_names"]), _words(_data["last_names"])
PLACES: list[dict[str, str]] = _data["places"]
KINDS = {category: _words(kinds) for category, kinds in _data["categories"].items()}  # by category
