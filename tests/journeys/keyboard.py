"""Somebody who has a keyboard and nothing else, and sees where they are."""

from playwright.sync_api import Page, expect

from tests.journeys.shopper import Shopper

FARTHEST = 90  # keys from the top of a page to its end
# Its name, and what a person would say who cannot tell where the focus is.
STOP = """() => {
  const element = document.activeElement;
  const label = element.labels?.[0] || element;
  const name = (element.getAttribute("aria-label") || label.innerText).trim();
  const shown = [element, element.closest(".card")].filter(Boolean).some(ringed => {
    const {outlineStyle, outlineWidth} = getComputedStyle(ringed);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const covered = !(element.contains(top) || label.contains(top) || element.closest(".card")?.contains(top));
  return {name, fault: !shown ? "no ring" : covered ? "out of sight" : ""};
}"""


class Keyboard:
    def __init__(self, shopper: Shopper) -> None:
        self.page: Page = shopper.page
        self.page.emulate_media(reduced_motion="reduce")  # a view on its way covers the page

    def tabs_to(self, name: str, key: str = "Tab") -> None:
        """Fails where any stop on the way cannot be seen."""
        passed = []
        for _ in range(FARTHEST):
            self.page.keyboard.press(key)
            stop = self.page.evaluate(STOP)
            assert not stop["fault"], stop
            passed.append(stop["name"])
            if stop["name"].startswith(name):
                return
        raise AssertionError(f"{name} is not among {passed}")

    def follows(self, name: str) -> None:
        self.tabs_to(name)
        self.page.keyboard.press("Enter")

    def types(self, label: str, text: str) -> None:
        self.tabs_to(label)
        self.page.keyboard.type(text)

    def arrives_at(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
