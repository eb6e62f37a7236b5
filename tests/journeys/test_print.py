"""Printed pages: an order becomes an invoice, a product a sheet, and the navigation is left out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.scene import PLAIN, Scene

SHELL = ".site-head, .category-strip, .site-foot, .crumbs, .btn, #related"


@pytest.fixture
def paper(new_page: Callable[..., Page], scene: Scene) -> Page:
    page = new_page(794, storage_state=scene.customer)  # A4
    page.emulate_media(media="print", color_scheme="dark")
    return page


def test_an_order_is_printed_as_an_invoice(paper: Page, scene: Scene) -> None:
    number = scene.orders["paid"]
    paper.goto(f"/orders/{number}/")
    expect(paper.get_by_role("heading", level=1)).to_have_text(f"Invoice {number}", use_inner_text=True)
    printed = paper.locator("body").inner_text()
    for words in ("Marlow", "Order placed", "Zoë Müller", "50667 Köln", "Notebook", "$7.00 each", "$14.00"):
        assert words in printed, words
    assert "Being packed" not in printed
    assert visible_navigation(paper) == []


def test_a_product_is_printed_with_everything_that_is_collapsed_on_the_screen(paper: Page) -> None:
    paper.goto(f"/products/{PLAIN}/")
    for words in ("96 pages.", "Product number", "checked again before you pay"):
        expect(paper.get_by_text(words)).to_be_visible()
    assert visible_navigation(paper) == []


def test_paper_is_white_in_the_dark_theme_too(paper: Page) -> None:
    paper.goto(f"/products/{PLAIN}/")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert paper.evaluate(ground) == "rgb(255, 255, 255)"


def test_the_screen_shows_the_navigation(paper: Page) -> None:
    """The control: what is missing on paper is visible on the screen."""
    paper.emulate_media(media="screen")
    paper.goto(f"/products/{PLAIN}/")
    assert len(visible_navigation(paper)) > 4


def visible_navigation(page: Page) -> list[str]:
    return [part.inner_text() for part in page.locator(SHELL).all() if part.is_visible()]
