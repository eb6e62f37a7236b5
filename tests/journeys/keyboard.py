"""A shopper who uses only the keyboard, and must see where the focus is."""

from playwright.sync_api import Page, expect

from tests.journeys.shopper import Shopper

FARTHEST = 90  # keys from the top of a page to its end
# The focused element's name, and why a person could not see that it has the focus.
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
        self.page.emulate_media(reduced_motion="reduce")  # an animated view covers the page

    def tab_to(self, name: str, key: str = "Tab") -> None:
        """Move the focus to the element; fail if the focus is invisible at any stop."""
        passed = []
        for _ in range(FARTHEST):
            self.page.keyboard.press(key)
            stop = self.page.evaluate(STOP)
            assert not stop["fault"], stop
            passed.append(stop["name"])
            if stop["name"].startswith(name):
                return
        raise AssertionError(f"{name} is not among {passed}")

    def follow(self, name: str) -> None:
        self.tab_to(name)
        self.page.keyboard.press("Enter")

    def type_into(self, label: str, text: str) -> None:
        self.tab_to(label)
        self.page.keyboard.type(text)

    def expect_heading(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
