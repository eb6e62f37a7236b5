"""A shopper on the pages, who finds buttons and fields by their words."""

from itertools import count
from typing import Self

from playwright.sync_api import ConsoleMessage, Page, expect

PASSWORD = "SecurePass123"
ADDRESS = {
    "Full name": "Zoë Müller",
    "Street and number": "Hauptstraße 1",
    "Postcode": "50667",
    "City": "Köln",
}
_numbers = count(1)


class Shopper:
    """A visitor with an e-mail address of their own. `errors` are those of the browser's console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.email = f"shopper{next(_numbers)}@example.com"
        self.errors: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def sign_up(self) -> Self:
        self.page.goto("/account/signup/")
        return self.fill_in_account()

    def fill_in_account(self) -> Self:
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Make an account")
        expect(self.page.get_by_role("navigation", name="Account and cart")).to_contain_text("Account")
        return self

    def add_to_cart(self, slug: str) -> Self:
        self.page.goto(f"/products/{slug}/")
        self.press("Add to cart")
        self.expect_text("is in your cart")
        return self

    def check_out(self) -> Self:
        self.page.goto("/cart/")
        self.page.get_by_role("link", name="Go to checkout").click()
        return self.fill_in_address()

    def fill_in_address(self) -> Self:
        self.page.get_by_label("E-mail").fill(self.email)
        for label, text in ADDRESS.items():
            self.page.get_by_label(label).fill(text)
        self.page.get_by_label("Country").select_option("DE")
        return self

    def press(self, name: str) -> None:
        """Press a button, without waiting for the next page: expect something on that page afterwards."""
        self.page.get_by_role("button", name=name).first.click()

    def expect_text(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def expect_no_errors(self) -> None:
        assert self.errors == []

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)
