"""What a shopper does on the pages, by the words on them."""

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
    def __init__(self, page: Page) -> None:
        self.page = page
        self.email = f"shopper{next(_numbers)}@example.com"
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def signs_up(self) -> Self:
        self.page.goto("/account/signup/")
        return self.fills_in_the_account()

    def fills_in_the_account(self) -> Self:
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.presses("Make an account")
        expect(self.page.get_by_role("navigation", name="Account and cart")).to_contain_text("Account")
        return self

    def adds(self, slug: str) -> Self:
        self.page.goto(f"/products/{slug}/")
        self.presses("Add to cart")
        self.sees("is in your cart")
        return self

    def checks_out(self) -> Self:
        self.page.goto("/cart/")
        self.page.get_by_role("link", name="Go to checkout").click()
        return self.fills_in_the_address()

    def fills_in_the_address(self) -> Self:
        self.page.get_by_label("E-mail").fill(self.email)
        for label, text in ADDRESS.items():
            self.page.get_by_label(label).fill(text)
        self.page.get_by_label("Country").select_option("DE")
        return self

    def presses(self, name: str) -> None:
        """Does not wait for the page that it leads to: look for something on that one next."""
        self.page.get_by_role("button", name=name).first.click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def has_no_complaint(self) -> None:
        assert self.complaints == []

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)
