"""The contrast of each pair of colours that the shop uses, computed from shop.css."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static/css/shop.css").read_text()
LEAST_CONTRAST = {"light": 5.2, "dark": 6.1}
SURFACES = ["bg", "surface", "sunken"]
PAIRS = [
    *((ink, surface) for ink in ["ink", "ink-2"] for surface in [*SURFACES, "brand-soft", "line"]),
    *(("ink-3", surface) for surface in SURFACES),
    *(("brand", surface) for surface in ["bg", "surface"]),
    *(("brand-hover", surface) for surface in ["bg", "surface"]),
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
    ("bg", "ink"),
    ("surface", "sale"),
    *((state, surface) for state in ["sale", "ok", "warn", "info"] for surface in ["bg", "surface"]),
    *((state, f"{state}-soft") for state in ["sale", "ok", "warn", "info"]),
    ("ink", "sale-soft"),
]
EDGES = [("field", "bg"), ("field", "surface"), ("focus", "bg"), ("focus", "surface"), ("brand", "surface")]


def colours(scheme: str) -> dict[str, str]:
    """Return the tokens of a scheme; the dark scheme overrides some of the light one."""
    light, dark = re.findall(r":root \{(.*?)\n {2,4}\}", CSS.split("@layer reset {")[0], re.DOTALL)
    text = light if scheme == "light" else light + dark
    tokens = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", text))
    return {**tokens, "focus": tokens["ink"]}


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(scheme: str) -> None:
    tokens = colours(scheme)
    contrasts = {(text, ground): contrast(tokens[text], tokens[ground]) for text, ground in PAIRS}
    assert {pair: found for pair, found in contrasts.items() if found < LEAST_CONTRAST[scheme]} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_controls_and_the_focus_ring_are_visible(scheme: str) -> None:
    tokens = colours(scheme)
    contrasts = {(edge, ground): contrast(tokens[edge], tokens[ground]) for edge, ground in EDGES}
    assert {pair: found for pair, found in contrasts.items() if found < 3} == {}


def test_the_dark_scheme_differs_from_the_light_one() -> None:
    assert colours("dark")["bg"] != colours("light")["bg"]


def test_every_token_in_use_is_defined() -> None:
    assert set(re.findall(r"var\(--([a-z0-9-]+)", CSS)) - {"gap"} <= set(re.findall(r"--([a-z0-9-]+):", CSS))
