"""Without a mouse: every stop of the Tab key can be seen, and nothing that changes loses one's place."""

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
    keyboard.follows("Skip to content")
    keyboard.follows("Shop all products")
    keyboard.arrives_at("All products")
    keyboard.types("Search products", "yoga\n")
    keyboard.arrives_at("Results for “yoga”")
    keyboard.follows("Yoga Mat Premium")
    keyboard.arrives_at("Yoga Mat Premium")
    keyboard.tabs_to("Add to cart")
    shopper.page.keyboard.press("Space")
    expect(shopper.page.get_by_role("status").first).to_have_text("Yoga Mat Premium is in your cart.")
    expect(shopper.page.get_by_role("button", name="Add to cart")).to_be_focused()
    keyboard.follows("View cart")
    keyboard.arrives_at("Your cart")
    keyboard.follows("Go to checkout")
    keyboard.arrives_at("Checkout")
    keyboard.types("E-mail", shopper.email)
    keyboard.types("Full name", "Zoë Müller")
    keyboard.types("Street", "Hauptstraße 1")
    keyboard.types("Postcode", "50667")
    keyboard.types("City", "Köln")
    keyboard.types("Country", "Germ")
    keyboard.follows("Pay $49.99")
    keyboard.arrives_at("Pay $49.99")
    keyboard.follows("Payment succeeds")
    keyboard.arrives_at("Thank you. Order")
    shopper.has_no_complaint()


def test_a_ring_that_cannot_be_seen_is_missed(new_shopper: Callable[..., Shopper]) -> None:
    """The control."""
    shopper = new_shopper()
    shopper.page.goto("/")
    shopper.page.evaluate("document.querySelector('.hero .btn').style.outline = 'none'")
    with pytest.raises(AssertionError, match="no ring"):
        Keyboard(shopper).tabs_to("Shop all products")


@pytest.fixture
def filtering(new_shopper: Callable[..., Shopper]) -> Keyboard:
    shopper = new_shopper()
    shopper.page.goto("/products/")
    return Keyboard(shopper)


def announced(page: Page) -> str:
    """How many products the page says there are, once it has said it."""
    expect(page.locator("#status")).to_have_text(re.compile(r"^\d+ products?$"))
    return page.locator("#status").inner_text()


def test_choosing_a_category_keeps_the_place_and_tells_how_many_there_are(filtering: Keyboard) -> None:
    page = filtering.page
    filtering.tabs_to("All categories")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#status")).not_to_be_empty()
    chosen = page.get_by_role("group", name="Category").locator(":checked")
    expect(chosen).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("All products")


def test_a_price_and_an_order_keep_the_place_and_tell_how_many_there_are(filtering: Keyboard) -> None:
    page = filtering.page
    filtering.types("From", "100\n")
    expect(page.get_by_role("link", name=re.compile("^From \\$100.00"))).to_be_visible()
    expect(page.get_by_label("From")).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()
    filtering.tabs_to("Sort by")
    page.keyboard.type("n")  # Newest
    expect(page).to_have_url(re.compile("sort=newest"))
    expect(page.get_by_label("Sort by")).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()


def test_removing_a_filter_keeps_the_place_and_tells_how_many_there_are(filtering: Keyboard) -> None:
    page = filtering.page
    filtering.types("From", "100\n")
    expect(page.get_by_role("link", name=re.compile("^From \\$100.00"))).to_be_visible()
    filtering.follows("From $100.00")
    expect(page.get_by_label("From")).to_have_value("")
    expect(page.locator("#results")).to_be_focused()
    assert announced(page) == page.locator("[data-say]").inner_text()
