"""Catalogues unlike the samples: very long words, and more categories than fit."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.api import ADMIN, ADMIN_PASSWORD, Api
from tests.journeys.inspection import SCROLLS_SIDEWAYS
from tests.journeys.shopper import Shopper

# scrollWidth is rounded, but a text is cut off even if only a fraction of a pixel is missing.
IS_WHOLE = """link => {
  const text = document.createRange();
  text.selectNodeContents(link);
  return text.getBoundingClientRect().width <= link.getBoundingClientRect().width;
}"""


@pytest.fixture
def endless(new_page: Callable[..., Page]) -> str:
    """The slug of a product whose name fits on no line."""
    admin = Api(new_page().request, ADMIN, ADMIN_PASSWORD)
    product = {"name": "Endless" * 28, "slug": f"endless-{uuid4()}", "price": 5, "inventory": 9}
    return str(admin.post("admin/products", {**product, "category": "Fashion"})["slug"])


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_a_long_name_leaves_room_for_the_links_before_it(
    new_page: Callable[..., Page], endless: str, width: int
) -> None:
    page = new_page(width)
    page.goto(f"/products/{endless}/")
    for link in page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").all():
        assert link.evaluate(IS_WHOLE), link.inner_text()
    assert not page.evaluate(SCROLLS_SIDEWAYS)


@pytest.mark.parametrize("width", [1280, 320])
def test_a_long_name_leaves_room_for_the_link_to_the_cart(
    new_shopper: Callable[..., Shopper], endless: str, width: int
) -> None:
    shopper = new_shopper(width).sign_up().add_to_cart(endless)
    toast = shopper.page.locator(".toast")
    expect(toast.get_by_role("link", name="View cart")).to_be_in_viewport(ratio=1)
    expect(toast.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_an_ignored_filter_is_explained_on_a_phone(new_page: Callable[..., Page], script: bool) -> None:
    page = new_page(390, script=script)
    page.goto("/products/?min_price=9&max_price=1")
    expect(page.get_by_text("This is below the lowest price")).to_be_visible()


def test_the_strip_of_categories_shows_the_current_one(new_page: Callable[..., Page]) -> None:
    page = new_page(390)
    page.goto("/categories/sports-fitness/")
    expect(page.locator(".category-strip [aria-current]")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(
    "path", ["/", "/products/", "/products/robot-vacuum-cleaner/", "/cart/", "/account/login/"]
)
def test_nothing_scrolls_sideways_on_the_narrowest_phone(new_page: Callable[..., Page], path: str) -> None:
    """320 px is also the width of a 1280 px page at a zoom of 400 %; test_every_page has the wider ones."""
    page = new_page(320)
    page.goto(path)
    assert not page.evaluate(SCROLLS_SIDEWAYS)
