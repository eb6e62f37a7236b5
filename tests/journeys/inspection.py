"""Faults of the page that a browser shows: those that axe finds, errors in the console, and visible ones."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Response

WIDE, PHONE = 1280, 390
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """tags => axe.run(document, {runOnly: tags, resultTypes: ["violations"]}).then(({violations}) =>
  violations.flatMap(({id, nodes}) => nodes.map(({target}) => `axe ${id} at ${target.join(" ")}`)))"""
# Where the policy only reports, a violation is no error in the console.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", event =>
  console.error(`policy ${event.effectiveDirective} refused ${event.blockedURI}`))"""
SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
# WCAG 1.4.12. The sheet is created by script, since the shop's policy refuses an inline one.
SPACE_TEXT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
# Without text that is cut off on purpose, such as a name in the breadcrumb that the page shows in full.
CLIPPED = """() => [...document.querySelectorAll("body *")].filter(element => {
  const style = getComputedStyle(element);
  if (!element.checkVisibility() || !element.textContent.trim()) return false;
  if (element.closest(".visually-hidden, .crumbs, .site-head .text, .lines thead, svg, select")) return false;
  const [x, y] = [style.overflowX, style.overflowY].map(flow => flow === "hidden" || flow === "clip");
  return x && element.scrollWidth > element.clientWidth + 1
    || y && element.scrollHeight > element.clientHeight + 1;
}).map(({tagName, className, textContent}) => `clipped ${tagName}.${className} ${textContent.trim()}`)"""
OPEN_ALL = """document.querySelectorAll("details").forEach(details => details.open = true)"""


class Inspector:
    """Inspects a page in both themes and both widths. `findings` includes the errors since the last call."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._heard: list[str] = []
        self._statuses: dict[str, int] = {}
        page.context.add_init_script(TELL_VIOLATIONS)
        page.emulate_media(reduced_motion="reduce")  # or axe measures colours during a transition
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._heard.append(f"error {error}"))
        page.on("response", self._note_status)

    def findings(self) -> list[str]:
        self.page.evaluate(AXE)
        findings = [*self._unique_heading(), *self._in_both_themes(WIDE), *self._in_both_themes(PHONE)]
        findings += [*self._with_spaced_text(), *self._heard]
        self._heard.clear()
        return sorted(set(findings))

    def _unique_heading(self) -> Iterator[str]:
        if (count := self.page.locator("h1").count()) != 1:
            yield f"{count} h1"

    def _in_both_themes(self, width: int) -> Iterator[str]:
        self.page.set_viewport_size({"width": width, "height": 900})
        if self.page.evaluate(SCROLLS_SIDEWAYS):
            yield f"scrolls sideways at {width}"
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme)
            yield from (f"{fault} ({theme}, {width})" for fault in self.page.evaluate(RUN_AXE, WCAG))

    def _with_spaced_text(self) -> Iterator[str]:
        """Check spaced text at the width of a phone, which the page has at this point."""
        self.page.evaluate(SPACE_TEXT)
        if self.page.evaluate(SCROLLS_SIDEWAYS):
            yield "scrolls sideways with spaced text"
        yield from self.page.evaluate(CLIPPED)
        self.page.evaluate("document.adoptedStyleSheets = []")

    def _note_status(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._statuses[response.url] = response.status

    def _hear(self, message: ConsoleMessage) -> None:
        """Record an error of the console, except that a page has an error status, which other tests check."""
        if message.type != "error":
            return
        status = self._statuses.get(message.location["url"], 200)
        if not (status >= 400 and f"the server responded with a status of {status}" in message.text):
            self._heard.append(f"console {message.text}")


def facts_of(page: Page) -> list[dict[str, Any]]:
    """Return the structured data (JSON-LD) of a page."""
    blocks = page.locator('script[type="application/ld+json"]').all_text_contents()
    parsed = [json.loads(block) for block in blocks]
    return [fact for block in parsed for fact in (block if isinstance(block, list) else [block])]
