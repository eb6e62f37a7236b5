"""Without a mouse: the focus is visible at every stop, and changes of a page do not move it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.keyboard import Keyboard
from tests.journeys.shopper import Shopper


@pytest.mark.parametrize("width", [1280, 390])
def test_a_guest_buys_with_the_keyboard_alone(new_shopper: Callable[..., Shopper], width: int) -> None:
    shopper = new_shopper(width)
    shopper.page.goto("/")
    keyboard = Keyboard(shopper)
    keyboard.follow("Skip to content")
    keyboard.follow("Shop all products")
    keyboard.expect_heading("All products")
    keyboard.type_into("Search products", "yoga\n")
    keyboard.expect_heading("Results for “yoga”")
    keyboard.follow("Yoga Mat Premium")
    keyboard.expect_heading("Yoga Mat Premium")
    keyboard.tab_to("Add to cart")
    shopper.page.keyboard.press("Space")
    expect(shopper.page.get_by_role("status").first).to_have_text("Yoga Mat Premium is in your cart.")
    expect(shopper.page.get_by_role("button", name="Add to cart")).to_be_focused()
    keyboard.follow("View cart")
    keyboard.expect_heading("Your cart")
    keyboard.follow("Go to checkout")
    keyboard.expect_heading("Checkout")
    keyboard.type_into("E-mail", shopper.email)
    keyboard.type_into("Full name", "Zoë Müller")
    keyboard.type_into("Street", "Hauptstraße 1")
    keyboard.type_into("Postcode", "50667")
    keyboard.type_into("City", "Köln")
    keyboard.type_into("Country", "Germ")
    keyboard.follow("Pay $49.99")
    keyboard.expect_heading("Pay $49.99")
    keyboard.follow("Payment succeeds")
    keyboard.expect_heading("Thank you. Order")
    shopper.expect_no_errors()


def test_an_invisible_focus_is_noticed(new_shopper: Callable[..., Shopper]) -> None:
    """The control: the keyboard's owner would miss it."""
    shopper = new_shopper()
    shopper.page.goto("/")
    shopper.page.evaluate("document.querySelector('.hero .btn').style.outline = 'none'")
    with pytest.raises(AssertionError, match="no ring"):
        Keyboard(shopper).tab_to("Shop all products")


@pytest.fixture
def filtering(new_shopper: Callable[..., Shopper]) -> Keyboard:
    shopper = new_shopper()
    shopper.page.goto("/products/")
    return Keyboard(shopper)


def announced(page: Page) -> str:
    """Return the number of products that the page announces, as soon as it does."""
    expect(page.locator("#status")).to_have_text(re.compile(r"^\d+ products?$"))
    return page.locator("#status").inner_text()


def test_a_category_keeps_the_focus_and_announces_the_number_of_products(
    filtering: Keyboard,
) -> None:
    page = filtering.page
    filtering.tab_to("All categories")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#status")).not_to_be_empty()
    chosen = page.get_by_role("group", name="Category").locator(":checked")
    expect(chosen).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("All products")


def test_price_and_sort_order_keep_the_focus_and_announce_the_number_of_products(
    filtering: Keyboard,
) -> None:
    page = filtering.page
    filtering.type_into("From", "100\n")
    expect(page.get_by_role("link", name=re.compile("^From \\$100.00"))).to_be_visible()
    expect(page.get_by_label("From")).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()
    filtering.tab_to("Sort by")
    page.keyboard.type("n")  # Newest
    expect(page).to_have_url(re.compile("sort=newest"))
    expect(page.get_by_label("Sort by")).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()


def test_removing_a_filter_keeps_the_focus_and_announces_the_number_of_products(filtering: Keyboard) -> None:
    page = filtering.page
    filtering.type_into("From", "100\n")
    expect(page.get_by_role("link", name=re.compile("^From \\$100.00"))).to_be_visible()
    filtering.follow("From $100.00")
    expect(page.get_by_label("From")).to_have_value("")
    expect(page.locator("#results")).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()
